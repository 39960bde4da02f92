import { expect, test } from 'vitest';
import { gathered, makeTurnstiles, together } from './waiting.ts';

// Seen to fail with the run under way shared.
test('who asks during a run gets the answer of the next one, with all who asked meanwhile', async () => {
  const runs: PromiseWithResolvers<number>[] = [];
  const ask = together(() => (runs.push(Promise.withResolvers<number>()), runs.at(-1)!.promise));
  const first = [ask(), ask()];
  await Promise.resolve().then(() => undefined);
  const later = [ask(), ask(), ask()];
  expect(runs).toHaveLength(1);
  runs[0]!.resolve(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  await expect.poll(() => runs.length).toBe(2);
  runs[1]!.resolve(2);
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
});

test('a run that fails or hangs does not hold up the next one', async () => {
  let runs = 0;
  const ask = together(() => (++runs === 1 ? new Promise<number>(() => undefined) : runs === 2 ? Promise.reject(new Error('away')) : Promise.resolve(runs)), 20);
  void ask();
  await expect.poll(() => runs).toBe(1);
  await expect(ask()).rejects.toThrow('away');
  expect(await ask()).toBe(3);
});

// Seen to fail with one turnstile for all keys, and with no bound.
test('works of one key that never end hold up those of the same key alone', async () => {
  const turn = makeTurnstiles(2);
  const begun: string[] = [];
  const ends = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const stuck = ends.map(({ promise }, n) => turn('a', () => (begun.push(`a${n}`), promise)));
  await turn('b', async () => void begun.push('b'));
  expect(begun).toEqual(['a0', 'a1', 'b']);
  ends[1]!.reject(new Error('failed'));
  await expect(stuck[1]).rejects.toThrow('failed');
  expect(begun).toEqual(['a0', 'a1', 'b', 'a2']);
});

// Seen to fail with places counted over more than one run.
test('each who asks about one thing gets the answer to it, of a run for all who asked meanwhile', async () => {
  const runs: number[][] = [];
  const ask = gathered(async (all: number[]) => (runs.push(all), all.map((one) => one * 10)));
  expect(await Promise.all([1, 2, 3].map(ask))).toEqual([10, 20, 30]);
  expect(await Promise.all([4, 5].map(ask))).toEqual([40, 50]);
  expect(runs).toEqual([[1, 2, 3], [4, 5]]);
});
