import { expect, test } from 'vitest';
import { duration, megabytes } from './duration.ts';

test('times are told in the units a person would use', () => {
  expect([4_200, 200_000, 11_400_000, 300_000_000].map(duration)).toEqual(['4 s', '3 min', '3 h 10 min', '3 days']);
});

test('memory is told in megabytes, and in gigabytes from the first on', () => {
  expect([150 * 1024 ** 2, 1.5 * 1024 ** 3].map(megabytes)).toEqual(['150 MB', '1.5 GB']);
});
