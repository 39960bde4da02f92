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

test('by size as many are kept as fit, one that never fits is not, and one kept anew counts once', () => {
  const remembered = makeRemembered<string>(10, (text) => text.length);
  remembered.keep('a', 'xxxx');
  remembered.keep('b', 'xxxx');
  remembered.keep('b', 'xxxxx');
  expect(remembered.get('a')).toBe('xxxx');
  expect(remembered.keep('c', 'x'.repeat(11))).toHaveLength(11);
  expect(['a', 'b', 'c'].map((key) => remembered.get(key))).toEqual(['xxxx', 'xxxxx', undefined]);
  remembered.keep('d', 'xx');
  expect(['a', 'b', 'd'].map((key) => remembered.get(key))).toEqual([undefined, 'xxxxx', 'xx']);
});
