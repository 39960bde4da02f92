import { expect, test } from 'vitest';
import { makeRemembered } from './remembered.ts';

test('no more are kept than were asked for, and the one not asked for the longest goes first', () => {
  const remembered = makeRemembered<number>(2);
  expect(remembered.keep('a', 1)).toBe(1);
  remembered.keep('b', 2);
  expect(remembered.get('a')).toBe(1);
  remembered.keep('c', 3);
  expect(['a', 'b', 'c'].map((key) => remembered.get(key))).toEqual([1, undefined, 3]);
});
