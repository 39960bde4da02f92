import { attacks } from './attacks.fixture.ts';
import { toHtml } from './tree.fixture.ts';
import { describe, expect, test } from 'vitest';
import type { LessonId } from '../ids.ts';
import { renderHtml, renderLatex, renderMarkdown } from './render.ts';
import { assetAddress } from './sanitise.ts';

const place = { lesson: 'L1' as LessonId, path: '2-data/1-tables.ipynb' };

const forbiddenTags = /<(script|iframe|object|embed|form|button|link|meta|base|style|template|noscript|textarea|foreignobject|custom-element|audio)\b/i;
const forbiddenAttributes = /\s(on\w+|srcdoc|srcset|action|formaction|data-[\w-]+|xlink:href|poster|autoplay|background|autofocus)=/i;

/** The tags of an HTML text; what stands between them is text and harmless. */
const tagsOf = (html: string) => (html.match(/<[^>]*>/g) ?? []).join('\n').replaceAll(/ (title|alt)="[^"]*"/g, '');

describe.each([
  ['prose', (text: string) => renderMarkdown(text, place)],
  ['an HTML output', (text: string) => renderHtml(text, place)],
  ['a LaTeX output', (text: string) => renderLatex(text, place)],
])('T14 in %s', (_, render) => {
  test.each(attacks)('%s is harmless', (attack) => {
    const tags = tagsOf(toHtml(render(attack)));
    expect(tags).not.toMatch(forbiddenTags);
    expect(tags).not.toMatch(forbiddenAttributes);
    expect(tags).not.toMatch(/(href|src)="(?!https?:\/\/canary\.example"? target)[^"]*(script:|text\/html|\/\/canary)/i);
    expect(tags).not.toMatch(/src="(https?:|\/\/|\/api\/auth)/i);
    expect(tags).not.toMatch(/canary[^>]*"[^>]*style|style="[^"]*(url|expression)/i);
    expect(tags).not.toMatch(/class="[^"]*(fixed|inset-0)/);
  });
});

// Seen to fail with `clobberPrefix` set to ''.
test('T14 ids and names cannot shadow a property of the document', () => {
  const html = toHtml(renderHtml('<a id="cookie" name="body">x</a><img name="getElementById" id="location"><p id="__next">x</p>', place));
  expect(html).toContain('id="text-cookie"');
  expect(html).not.toMatch(/\sname=/);
  expect(html.match(/\sid="(?!text-)/g)).toBeNull();
});

test('a link inside the text still finds its prefixed heading', () => {
  const html = toHtml(renderMarkdown('# First steps\n\n[go](#first-steps)', place));
  expect(html).toContain('<h1 id="text-first-steps">');
  expect(html).toContain('href="#text-first-steps"');
});

test('links to elsewhere open apart and give nothing away', () => {
  expect(toHtml(renderMarkdown('[x](https://example.org)', place))).toContain('<a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">');
});

test.each([
  ['plot.png', '/api/assets/L1/2-data/plot.png'],
  ['./img/a b.png', '/api/assets/L1/2-data/img/a%20b.png'],
  ['../shared/x.png', '/api/assets/L1/shared/x.png'],
  ['img%2Fx.png?y=1#z', '/api/assets/L1/2-data/img/x.png'],
  ['../../x.png', undefined],
  ['/x.png', undefined],
  ['//evil/x.png', undefined],
  ['a\\..\\..\\x', undefined],
  ['%2e%2e/%2e%2e/x.png', undefined],
  ['http:x.png', undefined],
  ['%zz', undefined],
])('the asset %j is found at %j', (name, address) => {
  expect(assetAddress(name, place)).toBe(address);
});

test('pictures and videos beside the notebook are shown, with controls', () => {
  expect(toHtml(renderMarkdown('![A plot](plot.png)', place))).toContain('<img src="/api/assets/L1/2-data/plot.png" alt="A plot" loading="lazy">');
  expect(toHtml(renderMarkdown('<video src="intro.mp4" width="640"></video>', place))).toMatch(/<video src="\/api\/assets\/L1\/2-data\/intro.mp4"[^>]* controls/);
});

test('an attachment of the cell is its picture, and only if it is one', () => {
  const attachments = { 'a.png': { 'image/png': 'AAAA' }, 'b.png': { 'text/html': '<script>' } };
  const html = toHtml(renderMarkdown('![](attachment:a.png) ![](attachment:b.png)', { ...place, attachments }));
  expect(html).toContain('src="data:image/png;base64,AAAA"');
  expect(html).not.toContain('text/html');
});
