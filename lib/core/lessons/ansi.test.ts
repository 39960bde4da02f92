import { expect, test } from 'vitest';
import { ansiSpans, applyControls } from './ansi.ts';

test.each([
  ['plain\ntext', 'plain\ntext'],
  ['10%\r20%\r100%', '100%'],
  ['abc\rX', 'Xbc'],
  ['line\r\nnext', 'line\nnext'],
  ['done   \r\u001b[Kok', 'ok'],
  ['abc\b\bX', 'aXc'],
  ['\b\bX', 'X'],
  ['ü😀\rä', 'ä😀'],
  ['a\rb\nc\rd', 'b\nd'],
  ['\r', ''],
])('%j shows as %j', (written, shown) => {
  expect(applyControls(written)).toBe(shown);
});

test('a coloured progress bar keeps the last colour', () => {
  expect(ansiSpans('\u001b[31m10%\u001b[0m\r\u001b[32m99%\u001b[0m')).toEqual([{ text: '99%', color: 'green' }]);
});

test('a traceback has its colours and weights', () => {
  expect(ansiSpans('\u001b[1;31mNameError\u001b[0m: x')).toEqual([{ text: 'NameError', color: 'red', bold: true }, { text: ': x' }]);
});

test('256 colours and true colours become rgb', () => {
  expect(ansiSpans('\u001b[38;5;196mx\u001b[0m')).toEqual([{ text: 'x', color: 'rgb(255, 0, 0)' }]);
  expect(ansiSpans('\u001b[48;2;1;2;3mx\u001b[0m')).toEqual([{ text: 'x', background: 'rgb(1, 2, 3)' }]);
});

test('markup in text stays text', () => {
  expect(ansiSpans('<b>&\u001b[1m</b>')).toEqual([{ text: '<b>&' }, { text: '</b>', bold: true }]);
});

test('an unfinished escape is not lost and harms nothing', () => {
  expect(() => ansiSpans('\u001b[')).not.toThrow();
});
