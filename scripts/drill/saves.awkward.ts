import { afterAll, expect, test } from 'vitest';
import { makeProgress } from '../progress.mjs';
import { drillSaves, isLossless, savesTable } from './saves.ts';

const interrupted = new AbortController();
afterAll(() => interrupted.abort());

// Seen to fail with PostgreSQL's `synchronous_commit` off: five of 200 were missing, and JupyterLab showed one save less than the page had made.
test('no acknowledged save is missing after servers, programs and PostgreSQL were killed at random', async () => {
  const report = await drillSaves({ saves: 240, learners: 6, killEveryMs: 3_000, thinkMs: 1_500, signal: interrupted.signal }, makeProgress());
  console.log(savesTable(report));
  expect(report.missing).toEqual([]);
  expect(isLossless(report)).toBe(true);
  expect(Object.values(report.killed).reduce((sum, times) => sum + times, 0)).toBeGreaterThanOrEqual(5);
}, 600_000);
