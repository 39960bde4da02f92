import { expect, test } from 'vitest';
import { canonicalNotebook, sameNotebook } from './canonical.ts';

const bytes = (value: unknown, space?: number) => Buffer.from(JSON.stringify(value, null, space));
const cell = (source: string | string[], metadata: object = {}) => ({ id: 'a', cell_type: 'code', source, metadata, outputs: [], execution_count: null });
const notebook = (...cells: object[]) => ({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells });

test('what Jupyter changes by saving is no change', () => {
  const ours = bytes(notebook(cell('a = 1\nb = 2')));
  const jupyters = bytes({ cells: [cell(['a = 1\n', 'b = 2'], { trusted: true })], metadata: {}, nbformat: 4, nbformat_minor: 5 }, 1);
  expect(sameNotebook(ours, jupyters)).toBe(true);
});

test('a changed letter, output or tag is one', () => {
  const ours = bytes(notebook(cell('a = 1')));
  for (const other of [cell('a = 2'), { ...cell('a = 1'), outputs: [{ output_type: 'stream', name: 'stdout', text: 'x' }] }, cell('a = 1', { tags: ['x'] })]) expect(sameNotebook(ours, bytes(notebook(other)))).toBe(false);
});

test('what is no notebook is like nothing, itself included', () => {
  expect(canonicalNotebook(Buffer.from('{'))).toBeUndefined();
  expect(sameNotebook(Buffer.from('{'), Buffer.from('{'))).toBe(false);
});
