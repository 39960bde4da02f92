import { expect, test } from 'vitest';
import { makeCell, outputsFingerprint, type Cell, type Notebook, type Output } from '../../../lib/core/lessons/notebook.ts';
import { added, adopt, fromRendered, toNotebook, type RenderedCell } from './page-cells.ts';

const printed: Output[] = [{ kind: 'stream', name: 'stdout', text: 'hi' }];
const code = (id: string, source: string, outputs: Output[] = []): Cell => ({ ...makeCell('code', id), type: 'code', source, outputs, executionCount: null });
const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, rest: {} });
const rendered: RenderedCell[] = [
  { id: 'a', type: 'code', source: 'x', outputs: outputsFingerprint(printed), executionCount: null },
  { id: 'b', type: 'code', source: 'y', outputs: '', executionCount: null },
];
const page = rendered.map(fromRendered);

test('the rendering stays where the notebook says the same, and goes where it differs', () => {
  const [a, b] = adopt(page, rendered, notebook(code('a', 'x', printed), code('b', 'changed')), 'beside');
  expect(a).toMatchObject({ rendered: { source: true, outputs: true }, shown: { outputs: printed } });
  expect(b).toMatchObject({ rendered: { source: false }, cell: { source: 'changed' } });
});

test('what was typed before the notebook arrived stays', () => {
  const typed = page.map((each) => (each.cell.id === 'b' ? { ...each, cell: { ...each.cell, source: 'typed' }, touched: { source: true, outputs: false } } : each));
  expect(adopt(typed, rendered, notebook(code('a', 'x'), code('b', 'y')), 'beside')[1]).toMatchObject({ cell: { source: 'typed' }, touched: { source: true } });
  expect(adopt(typed, rendered, notebook(code('a', 'x'), code('b', 'y')), 'over')[1]).toMatchObject({ cell: { source: 'y' }, touched: { source: false } });
});

test('a cell added here keeps its place', () => {
  const [a, b] = page;
  const withNew = [a!, added(code('new', 'z')), b!];
  expect(adopt(withNew, rendered, notebook(code('a', 'x'), code('b', 'y')), 'beside').map(({ cell }) => cell.id)).toEqual(['a', 'new', 'b']);
  expect(adopt(withNew, rendered, notebook(code('a', 'x'), code('b', 'y')), 'over').map(({ cell }) => cell.id)).toEqual(['a', 'b']);
});

test('a cell that runs keeps what it has shown so far', () => {
  const running = page.map((each) => (each.cell.id === 'a' ? { ...each, run: { state: 'running' as const, since: 0 }, shown: { outputs: [], displays: [], clearNext: false }, rendered: { source: true, outputs: false } } : each));
  expect(adopt(running, rendered, notebook(code('a', 'x', printed), code('b', 'y')), 'beside')[0]).toMatchObject({ run: { state: 'running' }, shown: { outputs: [] }, rendered: { outputs: false } });
});

test('what came with another tab’s save replaces what was typed here, and what runs here goes on', () => {
  const busy = page.map((each) => ({ ...each, touched: { source: true, outputs: true }, ...(each.cell.id === 'a' && { run: { state: 'running' as const, since: 0 } }) }));
  const [a, b] = adopt(busy, rendered, notebook(code('a', 'theirs', printed), code('b', 'y', printed)), 'merged');
  expect(a).toMatchObject({ cell: { source: 'theirs' }, run: { state: 'running' }, shown: { outputs: [] } });
  expect(b).toMatchObject({ shown: { outputs: printed }, run: { state: 'none' } });
});

test('saving writes the outputs the page shows', () => {
  const full = adopt(page, rendered, notebook(code('a', 'x', printed), code('b', 'y')), 'beside');
  expect(toNotebook(full, { metadata: { m: 1 }, rest: { r: 2 } })).toEqual({ metadata: { m: 1 }, rest: { r: 2 }, cells: [code('a', 'x', printed), code('b', 'y')] });
});
