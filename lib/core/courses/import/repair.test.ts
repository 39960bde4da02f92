import { expect, test } from 'vitest';
import type { JsonObject } from '../../lessons/json.ts';
import { checkNotebook } from './notebook.ts';

const check = (cells: unknown[], more: JsonObject = {}) => checkNotebook('x.ipynb', JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, ...more, cells }));
const code = (more: object) => ({ id: 'a', cell_type: 'code', metadata: {}, source: 'x', outputs: [], execution_count: null, ...more });
const prose = (more: object) => ({ id: 'a', cell_type: 'markdown', metadata: {}, source: 'x', ...more });

function first(read: ReturnType<typeof checkNotebook>) {
  if (read.state === 'bad') throw new Error(JSON.stringify(read.problems));
  return { written: (JSON.parse(read.text) as { cells: JsonObject[] }).cells[0]!, said: read.problems.map(({ say }) => say).join(' ') };
}

test.each<[string, object, JsonObject, RegExp]>([
  ['an execution count of *', code({ execution_count: '*' }), { execution_count: null }, /number of execution/],
  ['metadata that is a list', code({ metadata: ['a'] }), { metadata: {} }, /metadata is left out/],
  ['no source', { id: 'a', cell_type: 'code', metadata: {}, outputs: [], execution_count: null }, { source: [] }, /no source/],
  ['source lines without ends', code({ source: ['a = 1', 'b = 2'] }), { source: ['a = 1\n', 'b = 2'] }, /had no ends/],
  ['an output of an older format', code({ outputs: [{ output_type: 'pyout', text: 'x' }] }), { outputs: [] }, /unknown kind is left out/],
  ['outputs in a Markdown cell', prose({ outputs: [{ output_type: 'stream', name: 'stdout', text: 'x' }], execution_count: 3 }), { cell_type: 'markdown' }, /“outputs”, “execution_count” are left out/],
  ['a heading of format 3', { cell_type: 'heading', level: 2, metadata: {}, source: 'Title' }, { cell_type: 'markdown', source: ['## Title'] }, /heading of an older format/],
  ['an unknown kind', prose({ cell_type: 'sql' }), { cell_type: 'raw', source: ['x'] }, /unknown kind “sql”/],
  ['tags with commas', code({ metadata: { tags: ['a, b', 'a'] } }), { metadata: { tags: ['a', 'b'] } }, /tags are in order/],
])('a cell with %s is repaired and said', (_what, cell, written, said) => {
  const read = first(check([cell]));
  expect(read.written).toMatchObject(written);
  expect(read.said).toMatch(said);
});

test('what is no cell at all comes in as a raw cell', () => {
  expect(first(check([['a list']])).written).toMatchObject({ cell_type: 'raw', source: ['["a list"]'] });
});

test('a second cell of the same id, and one whose id is none, get ids of their own, and each is named', () => {
  const read = check([code({}), code({ source: 'y' }), code({ id: 'not an id' })]);
  expect(read.state === 'good' && new Set(read.notebook.cells.map(({ id }) => id)).size).toBe(3);
  expect(read.problems).toMatchObject([{ severity: 'note', code: 'duplicate_id', cell: 2 }, { severity: 'note', code: 'duplicate_id', cell: 3 }]);
});

test('below format 4.5 an id means nothing, and nothing is said of two that are the same', () => {
  const read = check([code({}), code({})], { nbformat_minor: 4 });
  expect(read).toMatchObject({ state: 'good', problems: [] });
});

test('a good notebook is left as it is, without a word', () => {
  const read = check([code({ metadata: { tags: ['a'], slideshow: { slide_type: 'slide' } }, execution_count: 2 }), prose({ id: 'b', attachments: { 'a.png': { 'image/png': 'aa' } } })]);
  expect(read.problems).toEqual([]);
  expect(first(read).written).toMatchObject({ metadata: { tags: ['a'], slideshow: { slide_type: 'slide' } }, execution_count: 2 });
});

test.each<[string, JsonObject, boolean]>([
  ['no language and python3', { kernelspec: { name: 'python3', display_name: 'x', language: '' } }, true],
  ['the shell for a language', { kernelspec: { name: 'python3', display_name: 'x', language: 'ipython' } }, true],
  ['conda’s Python', { kernelspec: { name: 'conda-env-work-py', display_name: 'x', language: 'python' } }, true],
  ['conda’s R', { kernelspec: { name: 'conda-env-r-r', display_name: 'R' } }, false],
  ['R by its language', { language_info: { name: 'R' } }, false],
  ['nothing said', {}, true],
])('of kernels: %s', (_what, metadata, runs) => {
  expect(check([code({})], { metadata }).state).toBe(runs ? 'good' : 'bad');
});
