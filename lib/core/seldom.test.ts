import { expect, test } from 'vitest';
import { makeSeldom } from './seldom.ts';

// Seen to fail with every time told.
test('T41 what happens all the time is told once, then once in a while with how often it happened; each thing by itself', () => {
  let now = 0;
  const seldom = makeSeldom(60_000, 2, () => now);
  expect(seldom('a')).toEqual({ untold: 0 });
  for (let n = 0; n < 400; n += 1) expect(seldom('a')).toBeUndefined();
  expect(seldom('b')).toEqual({ untold: 0 });
  now = 60_000;
  expect(seldom('a')).toEqual({ untold: 400 });
  expect(seldom('a')).toBeUndefined();
});

test('so many things are remembered, and one that was forgotten is told again', () => {
  const seldom = makeSeldom(60_000, 2, () => 0);
  for (const key of ['a', 'b', 'c']) expect(seldom(key)).toEqual({ untold: 0 });
  expect(seldom('a')).toEqual({ untold: 0 });
  expect(seldom('c')).toBeUndefined();
});
