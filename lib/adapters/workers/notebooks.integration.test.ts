import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseNotebook, serialiseNotebook } from '../../core/lessons/notebook.ts';
import type { NotebookWork } from '../../core/lessons/notebook-work.ts';
import { IN_PLACE_BYTES, makeNotebookWork } from './notebooks.ts';

let notebooks: NotebookWork & { close(): Promise<void> };
beforeAll(() => void (notebooks = makeNotebookWork('lib/adapters/workers/notebooks.worker.ts')));
afterAll(() => notebooks.close());

const file = (characters: number, more: object = {}) =>
  JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ id: 'a', cell_type: 'code', source: '1', metadata: {}, execution_count: 1, outputs: [{ output_type: 'stream', name: 'stdout', text: 'é'.repeat(characters) }] }], ...more });

/** The pieces cut characters in two. */
async function* pieces(text: string) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 65_537) yield bytes.subarray(at, at + 65_537);
}

async function through(text: string): Promise<string> {
  const passed: Uint8Array[] = [];
  for await (const piece of notebooks.checked(pieces(text), 'ada')) passed.push(piece);
  return Buffer.concat(passed).toString();
}

const sizes: [string, number][] = [
  ['in place', 1_000],
  ['in a worker', IN_PLACE_BYTES],
];

test.each(sizes)('a notebook read %s comes through as it is; what is none is refused in the same words at its end', async (_where, characters) => {
  expect(await through(file(characters)) === file(characters)).toBe(true);
  await expect(through(file(characters, { nbformat: 3 }))).rejects.toMatchObject({ name: 'Unreadable', refusal: { code: 'invalid', say: expect.stringContaining('format 4') } });
  await expect(through(file(characters).slice(0, -1))).rejects.toMatchObject({ refusal: { say: expect.stringContaining('not valid JSON') } });
});

test.each(sizes)('what a page begins with, and whether two are the same, come out %s as well', async (_where, characters) => {
  const text = file(characters);
  const size = Buffer.byteLength(text);
  const sight = await notebooks.sight(pieces(text), size, 'ada');
  expect(sight.ok && sight.value.notebook.cells[0]).toMatchObject({ id: 'a', outputs: [{ text: 'é'.repeat(characters) }] });
  expect(sight.ok && sight.value.prints.get('a')).toMatch(/./);
  const parsed = parseNotebook(text);
  const rewritten = parsed.ok ? serialiseNotebook(parsed.value) : '';
  expect(await notebooks.same(pieces(text), pieces(rewritten), size * 2, 'ada')).toBe(true);
  expect(await notebooks.same(pieces(text), pieces(file(characters + 1)), size * 2, 'ada')).toBe(false);
});

test.each(sizes)('a file that is to be a lesson is known %s as well: planned without its outputs, kept with its text', async (_where, characters) => {
  const bytes = Buffer.from(`\ufeff${file(characters)}`, 'utf16le');
  const imported = (to: 'plan' | 'keep') => notebooks.imported('a.ipynb', (async function* () {
    yield bytes;
  })(), bytes.length, 'ada', to);
  expect(await imported('plan')).toMatchObject({ ok: true, value: { state: 'good', text: '', notebook: { cells: [{ id: 'a', source: '1', outputs: [] }] }, problems: [{ code: 'encoding' }] } });
  const kept = await imported('keep');
  expect(kept.ok && kept.value.state === 'good' && kept.value.text).toContain('é'.repeat(characters));
  expect(await notebooks.imported('a.ipynb', pieces('x'.repeat(characters)), characters, 'ada', 'plan')).toMatchObject({ ok: true, value: { state: 'bad', problems: [{ code: 'json' }] } });
});

// Seen to fail with nothing dropped when nobody reads on: the next waits for the deadline of the one before.
test('whoever stops in the middle of a notebook leaves its turn to the next', async () => {
  const text = file(10 * IN_PLACE_BYTES);
  for (let times = 0; times < 2; times += 1) {
    let seen = 0;
    for await (const piece of notebooks.checked(pieces(text), 'ada')) if ((seen += piece.length) > 2 * IN_PLACE_BYTES) break;
  }
  expect((await through(text)).length).toBe(text.length);
}, 15_000);

test('T45 what takes more than a worker has is refused with a sentence, and the next is read', async () => {
  const dying = makeNotebookWork('lib/adapters/workers/dying.fixture.ts');
  const text = file(IN_PLACE_BYTES);
  try {
    for (let times = 0; times < 2; times += 1) {
      expect(await dying.sight(pieces(text), Buffer.byteLength(text), 'ada')).toMatchObject({ ok: false, refusal: { code: 'too_large', say: expect.stringContaining('Clear its outputs') } });
    }
    expect(await dying.same(pieces(text), pieces(text), 2 * text.length, 'ada')).toBe(false);
    const small = file(10);
    expect((await dying.sight(pieces(small), small.length, 'ada')).ok).toBe(true);
  } finally {
    await dying.close();
  }
});
