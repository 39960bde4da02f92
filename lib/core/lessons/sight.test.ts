import { expect, test } from 'vitest';
import { pageBudget } from './budget.ts';
import { outputsFingerprint, parseNotebook } from './notebook.ts';
import { sightBudget, sightOf, type Sight } from './sight.ts';

const output = (text: string) => ({ output_type: 'stream', name: 'stdout', text });
const code = (id: string, outputs: object[], source = '1') => ({ id, cell_type: 'code', source, metadata: { tags: ['a'] }, outputs, execution_count: 1 });
const fileOf = (cells: object[]) => JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { big: 'x' }, cells });

function see(cells: object[]): Sight {
  const sight = sightOf(fileOf(cells));
  if (!sight.ok) throw new Error(sight.refusal.say);
  return sight.value;
}

test('a page begins with sources and outputs, and with nothing that it does not show', () => {
  const { notebook, prints, left } = see([code('a', [output('hello')])]);
  expect(notebook).toEqual({ metadata: {}, rest: {}, cells: [{ id: 'a', type: 'code', source: '1', executionCount: 1, rest: {}, outputs: [{ kind: 'stream', name: 'stdout', text: 'hello' }] }] });
  expect(prints.get('a')).toBe(outputsFingerprint([{ kind: 'stream', name: 'stdout', text: 'hello' }]));
  expect(left.size).toBe(0);
});

test('T45 outputs that are too many or too large are left out and counted, and what names them is of all', () => {
  const large = output('x'.repeat(sightBudget.outputs));
  const many = Array.from({ length: pageBudget.outputs }, () => output('y'));
  const cells = [code('a', [output('1'), large, output('2')]), code('b', [output('3')]), code('c', many)];
  const { notebook, prints, left } = see(cells);
  expect(notebook.cells.map((cell) => cell.type === 'code' && cell.outputs.length)).toEqual([1, 1, pageBudget.outputs - 3]);
  expect([...left]).toEqual([['a', 2], ['c', 3]]);
  const read = parseNotebook(fileOf(cells));
  expect(read.ok && read.value.cells.map((cell) => cell.type === 'code' && outputsFingerprint(cell.outputs))).toEqual(['a', 'b', 'c'].map((id) => prints.get(id)));
});

test('T45 an output of many small values weighs what it takes to build them, not its characters', () => {
  const data = { 'application/json': Array.from({ length: sightBudget.outputs / 64 }, () => [[]]) };
  expect(see([code('a', [{ output_type: 'display_data', data, metadata: {} }])]).left.get('a')).toBe(1);
});

test('T45 a notebook whose cells hold more text than a page can show is refused with a sentence, and pictures past the budget are left out', () => {
  expect(sightOf(fileOf([code('a', [], 'x'.repeat(sightBudget.sources + 1))]))).toMatchObject({ ok: false, refusal: { code: 'too_large', say: expect.stringContaining('JupyterLab') } });
  const attached = (id: string, length: number) => ({ id, cell_type: 'markdown', source: '![](attachment:a.png)', metadata: {}, attachments: { 'a.png': { 'image/png': 'A'.repeat(length) } } });
  const { notebook } = see([attached('a', 100), attached('b', sightBudget.attachments), attached('c', 100)]);
  expect(notebook.cells.map((cell) => cell.type === 'markdown' && Object.keys(cell.attachments).length)).toEqual([1, 0, 1]);
});

test('cells may have any name that a cell can have', () => {
  const { prints } = see([code('__proto__', [output('1')]), { id: 'constructor', cell_type: 'markdown', source: '', metadata: {} }]);
  expect(typeof prints.get('__proto__')).toBe('string');
  expect(prints.get('constructor')).toBeUndefined();
});
