import { expect, test } from 'vitest';
import { durationInWords } from './duration.ts';

test.each([
  [1, 'a second'],
  [60, '60 seconds'],
  [90, '2 minutes'],
  [900, '15 minutes'],
  [3540, 'an hour'],
  [3600, 'an hour'],
  [3601, '2 hours'],
  [24 * 3600, 'a day'],
  [30 * 24 * 3600, '30 days'],
])('%i seconds are said as "%s", never as less than they are', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});
