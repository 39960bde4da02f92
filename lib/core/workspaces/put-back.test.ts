import { expect, test } from 'vitest';
import type { Sha256 } from '../ids.ts';
import { inBatches, putBackOrder } from './put-back.ts';
import type { WorkspaceFile } from './store.ts';

const MB = 1024 * 1024;
const file = (path: string, size = 1, lessonVersionId?: string, revision = 1): WorkspaceFile => ({ path, kind: 'file', revision, sha256: 'a'.repeat(64) as Sha256, size, updatedAt: new Date(0), ...(lessonVersionId && { lessonVersionId }) });
const order = (files: WorkspaceFile[], notebook = '1/n.ipynb', manifest: [string, { revision: number }][] = []) => {
  const { first, rest } = putBackOrder(files, new Map(manifest), notebook);
  return { first: first.map(({ path }) => path), rest: rest.map(({ path }) => path) };
};

test('the notebook, then its lesson, then its folder, then the small ones go before the first execution', () => {
  const files = [file('z.txt', 9), file('y.txt', 2), file('1/mine.txt'), file('shared/data.csv', 5, 'v1'), file('1/n.ipynb', 1, 'v1')];
  expect(order(files)).toEqual({ first: ['1/n.ipynb', 'shared/data.csv', '1/mine.txt', 'y.txt', 'z.txt'], rest: [] });
});

test('a large file of the lesson is waited for, a large one of the learner is not', () => {
  const files = [file('1/n.ipynb', 1, 'v1'), file('1/lesson.bin', 50 * MB, 'v1'), file('1/mine.bin', 50 * MB), file('small.txt')];
  expect(order(files)).toEqual({ first: ['1/n.ipynb', '1/lesson.bin'], rest: ['1/mine.bin', 'small.txt'] });
});

test('what the server was given already is left out, an older revision is not', () => {
  const files = [file('1/n.ipynb', 1, 'v1', 3), file('1/a.csv', 1, 'v1', 1)];
  expect(order(files, '1/n.ipynb', [['1/n.ipynb', { revision: 2 }], ['1/a.csv', { revision: 1 }]]).first).toEqual(['1/n.ipynb']);
});

test('the rest goes in batches of bounded size, and nothing is left out', () => {
  const files = [...Array.from({ length: 120 }, (_, n) => file(`f${n}`)), file('big', 100 * MB), file('last')];
  const batches = inBatches(files);
  expect(batches.flat()).toEqual(files);
  expect(batches.map((batch) => batch.length)).toEqual([50, 50, 20, 1, 1]);
});
