import { expect, test } from 'vitest';
import { figure, figuresTable, median } from './figure.ts';

test('the median is the middle, or between the two middles', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

test('a goal holds on the right side of it', () => {
  expect([figure('a', 10, 'ms', 10, 'lower').holds, figure('b', 0.69, '', 0.7, 'higher').holds]).toEqual([true, false]);
});

test('the table shows what was measured beside what was wanted', () => {
  expect(figuresTable([figure('cell-round-trip', 9.5, 'ms', 15, 'lower', 48)])).toContain('| cell-round-trip | 9.5 ms | ≤ 15 ms | yes | 48 ms |');
});
