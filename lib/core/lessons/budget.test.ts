import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LessonId } from '../ids.ts';
import { formulaBudget, htmlBudget, isLight, isPastBudget, proseBudget, withinTags } from './budget.ts';
import { renderHtml, renderMarkdown, textOf } from './render.ts';
import { toHtml } from './tree.fixture.ts';

const place = { lesson: 'L1' as LessonId, path: 'a.ipynb' };
const said = 'Shown as it was typed';

// Seen to fail with each of the three counts left out.
test.each([
  ['characters', 'word '.repeat(proseBudget.characters / 5 + 1)],
  ['lines', 'a\n'.repeat(proseBudget.lines + 1)],
  ['marks', 'so *it* is, '.repeat(proseBudget.marks / 2 + 1)],
])('T44 prose with more %s than a page can bear is shown as it was typed, and says so', (_what, source) => {
  const began = performance.now();
  const shown = renderMarkdown(source, place);
  // On one core, loaded: to look at each character and no more takes a millisecond.
  expect(performance.now() - began).toBeLessThan(200);
  expect(textOf(shown)).toContain(said);
  expect(textOf(shown)).toContain(source);
});

test('prose as people write it is within the budget', () => {
  const cell = '## Means\n\nThe *mean* of `x` is $\\bar x = \\frac{1}{n}\\sum_i x_i$; see [the docs](https://example.org/a_b).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n';
  expect(isPastBudget(cell.repeat(60))).toBe(false);
  expect(textOf(renderMarkdown(cell, place))).not.toContain(said);
});

// Seen to fail with formulas not counted, and with their length not looked at.
test('T44 formulas past their number or length stay as they were typed, and the rest of the cell is prepared', () => {
  const many = toHtml(renderMarkdown('$x$ '.repeat(formulaBudget.count + 500), place));
  expect(many.split('class="katex"')).toHaveLength(formulaBudget.count + 1);
  const long = toHtml(renderMarkdown(`**so** $${'x + '.repeat(formulaBudget.characters / 4)}y$ and $z$`, place));
  expect(long.split('class="katex"')).toHaveLength(2);
  expect(long).toContain('<strong>so</strong>');
});

// Seen to fail with the whole text given to the parser.
test('T45 of an HTML table of 40,000 rows the beginning is prepared, and the page says that it is not all', () => {
  const rows = Array.from({ length: 40_000 }, (_, n) => `<tr><td>${n}</td><td>b</td></tr>`).join('');
  const html = toHtml(renderHtml(`<table><tbody>${rows}</tbody></table>`, place));
  expect(html.split('<td>').length).toBeLessThan(htmlBudget.tags / 2);
  expect(html).toMatch(/^<table>[^]*<td>0<\/td>[^]*<\/table>[^]*Only the beginning is shown/);
  const small = toHtml(renderHtml('<table><tbody><tr><td>1</td></tr></tbody></table>', place));
  expect(small).not.toContain('Only the beginning');
});

test('thousands of headings of the same words get names of their own in time that grows with their number', () => {
  const time = (count: number) => {
    const began = performance.now();
    const html = toHtml(renderMarkdown('# a\n'.repeat(count), place));
    expect(html).toContain(`text-a-${count}"`);
    return performance.now() - began;
  };
  time(50);
  expect(time(2_000)).toBeLessThan(3_000);
});

test('a cut keeps the beginning, with so many tags at the most, and what has no more is whole', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('<b>', 'x', '</b>', ' '), { maxLength: 60 }), fc.nat(20), (pieces, most) => {
      const html = pieces.join('');
      const within = withinTags(html, most);
      expect(html.startsWith(within.html)).toBe(true);
      expect(within.html.split('<').length - 1).toBe(Math.min(most, html.split('<').length - 1));
      expect(within.isCut).toBe(within.html !== html);
    }),
  );
});

test.each<[string, 'markdown' | 'html' | 'code' | 'latex', string, boolean]>([
  ['a paragraph', 'markdown', 'So *it* is.', true],
  ['a formula', 'markdown', 'So $x$ is.', false],
  ['an environment', 'markdown', '\\begin{align}x\\end{align}', false],
  ['many marks', 'markdown', '*a* '.repeat(100), false],
  ['a long text', 'markdown', 'word '.repeat(500), false],
  ['an output in LaTeX', 'latex', 'x', false],
  ['a table of thirty rows', 'html', `<table>${'<tr><td>1</td></tr>'.repeat(30)}</table>`, true],
  ['a table of three hundred', 'html', `<table>${'<tr><td>1</td></tr>'.repeat(300)}</table>`, false],
  ['a cell of code', 'code', 'x = 1\n'.repeat(100), true],
  ['a module of code', 'code', 'x = 1\n'.repeat(1_000), false],
])('%s is light or not', (_what, kind, source, light) => {
  expect(isLight(kind, source)).toBe(light);
});
