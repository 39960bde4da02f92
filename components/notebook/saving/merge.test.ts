import { expect, test } from 'vitest';
import { makeCell, type Cell, type Notebook, type Output } from '../../../lib/core/lessons/notebook.ts';
import { merge } from './merge.ts';

const said = (text: string): Output[] => [{ kind: 'stream', name: 'stdout', text }];
const code = (id: string, source: string, outputs: Output[] = []): Cell => ({ ...makeCell('code', id), type: 'code', source, outputs, executionCount: null });
const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, rest: {} });
const [a, b, c] = [code('a', 'x'), code('b', 'y'), code('c', 'z')];
const base = notebook(a, b, c);
const ids = (merged: Notebook | 'conflict') => (merged === 'conflict' ? merged : merged.cells.map(({ id }) => id).join(''));

test('what each tab wrote in cells of its own comes together', () => {
  expect(merge(base, notebook(code('a', 'mine'), b, c), notebook(a, code('b', 'theirs', said('42')), c))).toEqual(notebook(code('a', 'mine'), code('b', 'theirs', said('42')), c));
});

test('both wrote in one cell: somebody has to choose, unless they wrote the same', () => {
  expect(merge(base, notebook(code('a', 'mine'), b, c), notebook(code('a', 'theirs'), b, c))).toBe('conflict');
  expect(merge(base, notebook(code('a', 'same'), b, c), notebook(code('a', 'same'), b, c))).toEqual(notebook(code('a', 'same'), b, c));
});

test('the outputs of one run, seen from both tabs, are no conflict; of those that differ this tab’s stay', () => {
  expect(merge(base, notebook(code('a', 'x', said('here')), b, c), notebook(code('a', 'x', said('there')), b, c))).toEqual(notebook(code('a', 'x', said('here')), b, c));
  expect(merge(base, notebook(code('a', 'mine'), b, c), notebook(code('a', 'x', said('there')), b, c))).toEqual(notebook(code('a', 'mine', said('there')), b, c));
});

test('what one deleted goes, unless the other wrote in it', () => {
  expect(ids(merge(base, notebook(a, c), base))).toBe('ac');
  expect(ids(merge(base, base, notebook(a, c)))).toBe('ac');
  expect(merge(base, notebook(a, c), notebook(a, code('b', 'theirs'), c))).toBe('conflict');
  expect(merge(base, notebook(a, code('b', 'mine'), c), notebook(a, c))).toBe('conflict');
});

test('what either added keeps its place, and one of them may move cells', () => {
  const [d, e] = [code('d', ''), code('e', '')];
  expect(ids(merge(base, notebook(a, d, b, c), notebook(a, b, c, e)))).toBe('adbce');
  expect(ids(merge(base, notebook(d, a, b, c), notebook(c, a, b)))).toBe('dcab');
  expect(ids(merge(base, notebook(c, a, b), notebook(a, b, e, c)))).toBe('cabe');
  expect(merge(base, notebook(c, a, b), notebook(b, a, c))).toBe('conflict');
});
