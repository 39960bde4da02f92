import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { LessonId } from '../ids.ts';
import { highlightPython } from './highlight.ts';
import { renderHtml, renderLatex, renderMarkdown } from './render.ts';
import { toHtml } from './tree.fixture.ts';

const place = { lesson: 'L1' as LessonId, path: 'a.ipynb' };
const markdown = (source: string) => toHtml(renderMarkdown(source, place));

test('formulas are typeset, between single dollars in the line and between double ones apart', () => {
  expect(markdown('so $x^2$ is')).toContain('class="katex"');
  expect(markdown('so $x^2$ is')).not.toContain('katex-display');
  expect(markdown('$$x^2$$')).toContain('katex-display');
  expect(markdown('\\begin{align}\nx &= 1\n\\end{align}')).toContain('katex-display');
});

// Seen to fail while rehype-katex brought a KaTeX of its own: its exponents were as large as their bases.
test('a formula is typeset with the classes of the stylesheet the page loads', () => {
  const css = readFileSync(createRequire(import.meta.url).resolve('katex/dist/katex.css'), 'utf8');
  const sizing = /class="([\w-]*sizing) /.exec(markdown('$x^2$'))?.[1];
  expect(sizing).toBeDefined();
  expect(css).toContain(`.katex .${sizing}.`);
});

test('a formula that cannot be typeset is shown as it was typed', () => {
  expect(markdown('$\\frac{1$')).toContain('frac');
});

test('a LaTeX output may stand between dollars or without', () => {
  expect(toHtml(renderLatex('$\\displaystyle x$', place))).toContain('class="katex"');
  expect(toHtml(renderLatex('\\frac{1}{2}', place))).toContain('katex-display');
});

test('tables, task lists and footnotes of GitHub markdown work', () => {
  expect(markdown('| a |\n|---|\n| 1 |')).toContain('<td>1</td>');
  expect(markdown('- [x] done')).toContain('type="checkbox"');
  expect(markdown('a[^1]\n\n[^1]: note')).toContain('href="#text-fn-1"');
});

test('Python in prose is coloured like Python in cells', () => {
  expect(markdown('```python\nfor x in y: pass\n```')).toContain('<span class="tok-keyword">for</span>');
  expect(highlightPython('x = 1').map(({ text }) => text).join('')).toBe('x = 1');
});

test('headings of the same words get names of their own', () => {
  expect(markdown('# A b\n\n# A b')).toMatch(/text-a-b"[^]*text-a-b-2"/);
});

// Seen to fail without `nestsTooDeep`: one of these took twenty seconds.
test('T25 texts nested beyond reason are shown as they were typed, soon', () => {
  for (const attack of ['>'.repeat(50_000), '- '.repeat(30_000), '['.repeat(60_000), '*a **b '.repeat(10_000), '<div>'.repeat(20_000)]) {
    const began = performance.now();
    expect(() => markdown(attack)).not.toThrow();
    expect(performance.now() - began).toBeLessThan(10_000);
  }
  expect(() => toHtml(renderHtml(`${'<div>'.repeat(20_000)}x`, place))).not.toThrow();
});

// Seen to fail, each line, without its check of `depthOf`.
test('T25 a tree too deep for whatever walks it is given up for its text', () => {
  const deep = `${'<div>'.repeat(300)}x`;
  expect(toHtml(renderHtml(deep, place))).toMatch(/^<pre>\s*x<\/pre><p class="nb-note">/);
  expect(markdown(deep)).toMatch(/^<pre>/);
});

// Seen to fail with `maxExpand` without an end: the memory ran out. Left out altogether it passes, for KaTeX then stops by itself, later.
test('T25 a formula that would grow for ever stops', () => {
  expect(() => markdown('$\\def\\a{\\a\\a}\\a$')).not.toThrow();
});
