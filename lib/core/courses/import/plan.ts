import { folderOf, nameOf } from '../../workspaces/path.ts';
import type { Notebook } from '../../lessons/notebook.ts';
import { cleaned } from '../../text.ts';
import { freeSlug, slugOf } from '../slug.ts';
import type { Problem } from './report.ts';

/** Room for a title on a phone in three lines. */
const TITLE_LENGTH = 120;
/** A card shows about three lines of it. */
const SUMMARY_LENGTH = 400;

export type CoursePlan = { title: string; slug: string; summary: string; modules: { title: string; lessons: { path: string; slug: string; title: string; assets: string[] }[] }[] };

/** The course a set of good notebooks makes: folders are modules, numbers in front give the order, first headings the titles. */
export function planCourse(name: string, notebooks: ReadonlyMap<string, Notebook>, files: readonly string[], readme?: string): { plan: CoursePlan; problems: Problem[] } {
  const problems: Problem[] = [];
  const paths = [...notebooks.keys()].sort(byNumberThenName);
  const folders = [...new Set(paths.map(folderOf))].sort(byNumberThenName);
  const taken = new Set<string>();
  const modules = folders.map((folder) => ({
    title: folder === '' ? 'Lessons' : folder.split('/').map(readable).join(': '),
    lessons: paths.filter((path) => folderOf(path) === folder).map((path, index) => {
      const heading = headingOf(notebooks.get(path)!);
      if (heading === undefined) problems.push({ severity: 'note', code: 'no_heading', file: path, say: 'It has no heading; its file name becomes the title.' });
      const title = heading ?? readable(nameOf(path).replace(/\.ipynb$/i, ''));
      const slug = freeSlug(slugOf(title, `lesson-${index + 1}`), (one) => taken.has(one));
      taken.add(slug);
      return { path, slug, title, assets: assetsOf(path, files, folders) };
    }),
  }));
  const about = readme === undefined ? {} : introductionOf(readme);
  const only = paths.length === 1 ? modules[0]?.lessons[0]?.title : undefined;
  const title = about.title ?? only ?? readable(name);
  return { plan: { title, slug: slugOf(title, 'course'), summary: about.summary ?? '', modules }, problems };
}

/** What lies in a lesson's module, and what lies in no module and so belongs to all. */
function assetsOf(lesson: string, files: readonly string[], moduleFolders: readonly string[]): string[] {
  const moduleOf = (path: string) => {
    let best: string | undefined;
    for (const folder of moduleFolders) if (folder !== '' && path.startsWith(`${folder}/`) && folder.length > (best?.length ?? 0)) best = folder;
    return best;
  };
  const own = folderOf(lesson);
  return files.filter((file) => {
    const module = moduleOf(file);
    return module === undefined || module === own || own.startsWith(`${module}/`);
  });
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** `2-b` before `10-a`, folder by folder; the path itself decides between equals, so that the order is the same everywhere. */
export function byNumberThenName(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** `02_working-with_data` as people would write it: “Working with data”. */
export function readable(name: string): string {
  const words = name.replace(/^\d+[\s._-]+/, '').replace(/[_-]+/g, ' ').trim() || name;
  return cut(cleaned(words.charAt(0).toUpperCase() + words.slice(1), name.length)) || 'Untitled';
}

/** A title stands at the beginning; a heading thirty cells down names a part. */
const TITLE_WITHIN_CELLS = 5;
const LONGEST_TITLE_LINE = 2_000;

function headingOf(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells.filter(({ source }) => source.trim() !== '').slice(0, TITLE_WITHIN_CELLS)) {
    if (cell.type !== 'markdown') continue;
    const heading = headingIn(cell.source);
    if (heading !== undefined) return heading;
  }
  return undefined;
}

/** The first heading of a text in Markdown, by marks, underlined or of HTML; a comment in code is none. */
function headingIn(markdown: string): string | undefined {
  const lines = withoutFences(markdown).split('\n');
  for (const [i, line] of lines.entries()) {
    // No title; and what is looked for in it below would take its length many times.
    if (line.length > LONGEST_TITLE_LINE) continue;
    const marked = /^ {0,3}#{1,6}[ \t]+(\S.*)$/.exec(line)?.[1]?.replace(/\s+#+\s*$/, '');
    const html = /<h([1-6])\b[^>]{0,300}>(.{1,600}?)(?:<\/h\1>|$)/i.exec(line)?.[2];
    const isUnderlined = /^ {0,3}(=+|-{2,})\s*$/.test(lines[i + 1] ?? '') && isParagraph(line);
    const title = plain((marked ?? html ?? (isUnderlined ? line : '')).trim());
    if (title !== '') return title;
  }
  return undefined;
}

const isParagraph = (line: string) => line.trim() !== '' && !/^ {0,3}([#>|<]|[-*+] |\d+[.)] | {4}|\t)/.test(line);

/** Title and first paragraph of a README.md at the top. */
function introductionOf(readme: string): { title?: string; summary?: string } {
  const summaries = withoutFences(readme)
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '' && !/^\s*[#<!|>-]/.test(block) && !/\n {0,3}(=+|-+)\s*$/.test(block))
    // A row of badges is links around pictures and nothing else.
    .map((block) => plain(block.replaceAll(/\[!\[[^\]]{0,300}\]\([^)]{0,500}\)\]\([^)]{0,500}\)|!\[[^\]]{0,300}\]\([^)]{0,500}\)/g, '').replace(/\s+/g, ' ').trim(), SUMMARY_LENGTH));
  return { title: headingIn(readme), summary: summaries.find((text) => text !== '') };
}

/** Prose without fenced code, whose comments look like headings. */
export function withoutFences(markdown: string): string {
  let fence: string | undefined;
  const kept = markdown.split('\n').filter((line) => {
    const mark = /^\s{0,3}(```+|~~~+)/.exec(line)?.[1];
    if (mark === undefined) return fence === undefined;
    if (fence === undefined) fence = mark;
    else if (mark.startsWith(fence)) fence = undefined;
    return false;
  });
  return kept.join('\n');
}

/** Markdown's marks taken away; titles are shown as text everywhere. */
function plain(markdown: string, length = TITLE_LENGTH): string {
  const text = markdown
    .replace(/!?\[([^\]]{0,300})\]\([^)]{0,500}\)/g, '$1')
    .replace(/<\/?[a-zA-Z][^<>]{0,200}>/g, '')
    .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => ENTITIES[name]!)
    // As Pandoc tells formulas from money: no blank inside the signs, no digit behind them.
    .replace(/\$\$?(?=\S)([^$\n]{1,300})(?<=\S)\$\$?(?!\d)/g, (_, formula: string) => spelled(formula))
    .replace(/[*`]|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])/g, '');
  return cut(cleaned(text, length + 1), length);
}

const ENTITIES: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'" };

/** A formula in a line of text, where none can be typeset: its commands become their names. */
const spelled = (formula: string): string => formula.replace(/\\(?:text|mathrm|mathbf|mathit|operatorname|mathbb|mathcal)\b/g, '').replace(/\\([a-zA-Z]+)/g, '$1').replace(/[{}\\]/g, '');

const cut = (text: string, length = TITLE_LENGTH): string => (text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text);
