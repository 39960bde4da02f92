import { expect, test } from 'vitest';
import { restartAfterMs } from './supervisor.ts';

test('a program that died once starts again at once', () => {
  expect(restartAfterMs(1)).toBe(0);
});

test('a program that keeps dying waits ever longer, and never more than a quarter of a minute', () => {
  const waits = [2, 3, 4, 5, 9, 40].map(restartAfterMs);
  expect(waits).toEqual([250, 500, 1000, 2000, 15_000, 15_000]);
});
