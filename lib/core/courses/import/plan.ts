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

function headingOf(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells) {
    if (cell.type !== 'markdown') continue;
    const heading = headingIn(cell.source);
    if (heading !== undefined) return heading;
  }
  return undefined;
}

function headingIn(markdown: string): string | undefined {
  const line = markdown.split('\n').find((one) => /^ {0,3}#{1,6}\s/.test(one));
  if (line === undefined) return undefined;
  return plain(line.trim().replace(/^#{1,6}\s+/, '').replace(/\s+#+$/, '')) || undefined;
}

/** Title and first paragraph of a README.md at the top. */
function introductionOf(readme: string): { title?: string; summary?: string } {
  const paragraph = readme.split(/\n\s*\n/).find((block) => block.trim() !== '' && !/^\s*[#<!|>-]/.test(block));
  return { title: headingIn(readme), summary: paragraph === undefined ? undefined : plain(paragraph.replace(/\s+/g, ' '), SUMMARY_LENGTH) };
}

/** Markdown's marks taken away; titles are shown as text everywhere. */
function plain(markdown: string, length = TITLE_LENGTH): string {
  const text = markdown
    .replace(/!?\[([^\]]{0,300})\]\([^)]{0,500}\)/g, '$1')
    .replace(/<\/?[a-zA-Z][^<>]{0,200}>/g, '')
    .replace(/[*`]|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])/g, '');
  return cut(cleaned(text, length + 1), length);
}

const cut = (text: string, length = TITLE_LENGTH): string => (text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text);
