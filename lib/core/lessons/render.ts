import type { Element, Root, RootContent, Text } from 'hast';
import type { Root as Markdown } from 'mdast';
import rehypeKatex from 'rehype-katex';
import rehypeRaw from 'rehype-raw';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import remarkMath from 'remark-math';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';
import { SKIP, visit } from 'unist-util-visit';
import { formulaBudget, htmlBudget, isPastBudget, proseBudget, withinTags } from './budget.ts';
import { highlightPython } from './highlight.ts';
import { sanitisePolicy, settleAddresses, type Place } from './sanitise.ts';

/** Deeper trees overflow the stack of whatever walks or renders them. */
const deepest = 100;

const parseMarkdown = unified().use(remarkParse).use(remarkGfm).use(remarkMath);
const toHtml = unified().use(remarkRehype, { allowDangerousHtml: true, clobberPrefix: '' }).use(rehypeRaw).use(rehypeSanitize, sanitisePolicy);
const sanitiseTree = unified().use(rehypeRaw).use(rehypeSanitize, sanitisePolicy);
// After the sanitiser, so that KaTeX's own markup stays; without trust it makes no link, class or address out of a formula.
const typeset = unified().use(rehypeKatex, { trust: false, strict: 'ignore', maxExpand: 500, maxSize: 30, errorColor: 'currentColor' });

/** A text somebody wrote, and what it is written in. */
export type Prose = { kind: 'markdown' | 'latex' | 'html'; source: string; place: Place };

/** The text as a safe tree. */
export const render = ({ kind, source, place }: Prose): Root => (kind === 'html' ? renderHtml(source, place) : kind === 'latex' ? renderLatex(source, place) : renderMarkdown(source, place));

/** A markdown cell as a safe tree: sanitised, addresses settled, formulas typeset, Python coloured, headings named. */
export function renderMarkdown(source: string, place: Place): Root {
  if (isPastBudget(source) || nestsTooDeep(source)) return asTyped(source);
  return orAsTyped(source, () => {
    const markdown: Markdown = parseMarkdown.parse(bareEnvironments(source));
    showDoubleDollarsAsDisplay(markdown);
    return finish(toHtml.runSync(markdown), place);
  });
}

/** HTML made by code, as a safe tree. */
export function renderHtml(html: string, place: Place): Root {
  const given = withinTags(html.slice(0, htmlBudget.characters));
  const isCut = given.isCut || html.length > htmlBudget.characters;
  const text = given.html.replaceAll(/<[^>]*>/g, ' ').slice(0, proseBudget.characters);
  return orAsTyped(text, () => {
    const raw: Root = { type: 'root', children: [{ type: 'raw', value: given.html }] };
    const tree = sanitiseTree.runSync(raw) as Root;
    if (depthOf(tree) > deepest) return asTyped(text);
    settleAddresses(tree, place);
    if (isCut) tree.children.push(note('Only the beginning is shown here. JupyterLab shows all of it.'));
    return tree;
  });
}

/** A `text/latex` output: formulas between dollars, or one bare formula. */
export function renderLatex(source: string, place: Place): Root {
  const body = source.trim();
  return renderMarkdown(body.includes('$') || body.startsWith('\\begin') ? body : `$$\n${body}\n$$`, place);
}

function finish(tree: Root, place: Place): Root {
  if (depthOf(tree) > deepest) throw new RangeError('nested too deeply');
  settleAddresses(tree, place);
  nameHeadings(tree);
  colourPython(tree);
  leaveFormulas(tree);
  return hasMath(tree) ? (typeset.runSync(tree) as Root) : tree;
}

/** The text itself, for what would cost more than a page may. */
export const asTyped = (text: string): Root => ({
  type: 'root',
  children: [{ type: 'element', tagName: 'pre', properties: {}, children: [{ type: 'text', value: text }] }, note('Shown as it was typed: preparing it would take too long.')],
});

const note = (say: string): Element => ({ type: 'element', tagName: 'p', properties: { className: ['nb-note'] }, children: [{ type: 'text', value: say }] });

/** Parsers recurse over what people nest; the text itself is then better than an error page. */
function orAsTyped(source: string, work: () => Root): Root {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return asTyped(source);
    throw error;
  }
}

const nestsTooDeep = (source: string) => /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])[ \t]*){60}/m.test(source) || /(?:\[|!\[|[*_]{1,2}|<\w+>){400}/.test(source);

function depthOf(tree: Root): number {
  let level: RootContent[] = tree.children;
  let depth = 0;
  for (; level.length > 0; depth++) {
    if (depth > deepest) return depth;
    level = level.flatMap((node) => ('children' in node ? node.children : []));
  }
  return depth;
}

/** Jupyter typesets `\begin{align}...` without dollars around it. */
const bareEnvironments = (source: string) =>
  source.replaceAll(/(^|\n)(\\begin\{(equation|align|gather|multline|eqnarray|alignat)(\*?)\}[^]*?\\end\{\3\4\})(?=\n|$)/g, (_, before: string, environment: string) => `${before}\n$$$$\n${environment}\n$$$$\n`);

/** `$$x$$` on one line is a displayed formula in Jupyter, and an inline one to remark. */
function showDoubleDollarsAsDisplay(markdown: Markdown): void {
  visit(markdown, 'paragraph', (paragraph) => {
    for (const node of paragraph.children) {
      if (node.type !== 'inlineMath' || !node.position) continue;
      const length = (node.position.end.offset ?? 0) - (node.position.start.offset ?? 0);
      if (length >= node.value.length + 4) node.data = { ...node.data, hProperties: { className: ['language-math', 'math-display'] } };
    }
  });
}

const classesOf = (node: Element): string[] => (Array.isArray(node.properties.className) ? node.properties.className.map(String) : []);

const isMath = (node: Element) => classesOf(node).some((name) => name === 'language-math' || name.startsWith('math-'));

function hasMath(tree: Root): boolean {
  let found = false;
  visit(tree, 'element', (node) => {
    if (isMath(node)) found = true;
  });
  return found;
}

/** Formulas past the budget stay as they were typed. */
function leaveFormulas(tree: Root): void {
  let count = 0;
  visit(tree, 'element', (node) => {
    if (!isMath(node)) return;
    count += 1;
    if (count > formulaBudget.count || textOf(node).length > formulaBudget.characters) node.properties.className = [];
  });
}

function nameHeadings(tree: Root): void {
  const taken = new Set<string>();
  /** Where to go on counting: thousands of headings may have the same words. */
  const last = new Map<string, number>();
  visit(tree, 'element', (node) => {
    if (!/^h[1-6]$/.test(node.tagName)) return;
    const slug = textOf(node).toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '').slice(0, 60);
    if (slug === '') return;
    let id = `${sanitisePolicy.clobberPrefix}${slug}`;
    let n = last.get(slug) ?? 1;
    while (taken.has(id)) id = `${sanitisePolicy.clobberPrefix}${slug}-${(n += 1)}`;
    last.set(slug, n);
    taken.add(id);
    node.properties.id ??= id;
  });
}

export function textOf(node: Root | Element): string {
  let text = '';
  visit(node, 'text', (leaf: Text) => {
    text += leaf.value;
  });
  return text;
}

function colourPython(tree: Root): void {
  visit(tree, 'element', (node) => {
    if (node.tagName !== 'code' || !classesOf(node).some((name) => /^language-(python|py|ipython3?|python3)$/.test(name))) return undefined;
    node.children = highlightPython(textOf(node)).map(({ text, className }): Element | Text =>
      className ? { type: 'element', tagName: 'span', properties: { className: className.split(' ') }, children: [{ type: 'text', value: text }] } : { type: 'text', value: text },
    );
    return SKIP;
  });
}
