import { expect, test } from 'vitest';
import type { Json } from './json.ts';
import { mergeOutput } from './merge-stream.ts';
import type { Output } from './notebook.ts';
import { viewOf } from './output.ts';

const shown = (data: { [mime: string]: Json }, metadata = {}) => viewOf({ kind: 'display', data, metadata });
const out = (text: string, name: 'stdout' | 'stderr' = 'stdout'): Output => ({ kind: 'stream', name, text });

test('a figure is preferred to its picture, a picture to its text', () => {
  expect(shown({ 'application/vnd.plotly.v1+json': { data: [] }, 'text/html': '<div>', 'image/png': 'AA' })).toMatchObject({ kind: 'active', what: 'plotly' });
  expect(shown({ 'image/png': 'AAAA\n', 'text/plain': '<Figure size 640x480>' })).toEqual({ kind: 'image', src: 'data:image/png;base64,AAAA', alt: 'Picture made by this cell' });
});

test('a table is HTML, a page with scripts is active', () => {
  expect(shown({ 'text/html': '<table></table>', 'text/plain': 'x' })).toMatchObject({ kind: 'html' });
  expect(shown({ 'text/html': '<div></div><SCRIPT >1</SCRIPT>' })).toMatchObject({ kind: 'active', what: 'html' });
});

// Seen to fail with the SVG shown as HTML.
test('T14 an SVG becomes a picture, never markup', () => {
  const view = shown({ 'image/svg+xml': '<svg onload="alert(1)"><script>1</script></svg>' });
  expect(view).toMatchObject({ kind: 'image' });
  expect(view.kind === 'image' && view.src).toMatch(/^data:image\/svg\+xml;charset=utf-8,%3Csvg/);
});

// Seen to fail without the look at its letters.
test('T14 what claims to be a picture and is not base64 is not shown as one', () => {
  expect(shown({ 'image/png': '"><script>alert(1)</script>', 'text/plain': 'p' })).toEqual({ kind: 'text', text: 'p', stream: 'result' });
  expect(shown({ 'text/html': { not: 'a string' }, 'text/plain': 'p' })).toMatchObject({ kind: 'text' });
});

test('text of one stream that follows itself is one output', () => {
  expect([out('a'), out('b'), out('e', 'stderr'), out('c')].reduce<Output[]>(mergeOutput, [])).toEqual([out('ab'), out('e', 'stderr'), out('c')]);
});
