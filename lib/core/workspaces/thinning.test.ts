import fc from 'fast-check';
import { expect, test } from 'vitest';
import { revisionsToDrop } from './thinning.ts';

const now = new Date('2026-11-23T12:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Revisions 1, 2, ... of these ages, oldest first. */
const aged = (ages: number[], origin = 'page') => [...ages].sort((a, b) => b - a).map((age, index) => ({ revision: index + 1, createdAt: new Date(now.getTime() - age), origin }));
const left = (revisions: ReturnType<typeof aged>, at = now) => {
  const gone = new Set(revisionsToDrop(revisions, at));
  return revisions.filter(({ revision }) => !gone.has(revision));
};

test('the last hour is kept whole', () => {
  expect(revisionsToDrop(aged(Array.from({ length: 60 }, (_, n) => n * MINUTE)), now)).toEqual([]);
});

test('of a day one in ten minutes is kept, of a month one a day, of a year one a week: always the last of its span', () => {
  expect(left(aged(Array.from({ length: 60 }, (_, n) => 2 * 60 * MINUTE + n * MINUTE)))).toHaveLength(7);
  expect(left(aged(Array.from({ length: 100 }, (_, n) => 5 * DAY + n * 10 * MINUTE)))).toHaveLength(2);
  expect(left(aged(Array.from({ length: 70 }, (_, n) => 100 * DAY + n * DAY))).length).toBeLessThanOrEqual(12);
  expect(left(aged([3 * DAY, 3 * DAY + MINUTE, 0])).map(({ revision }) => revision)).toEqual([2, 3]);
});

test('what came with the lesson or was restored stays, and so does the newest, however old', () => {
  const ages = Array.from({ length: 20 }, (_, n) => 90 * DAY + n * MINUTE);
  for (const origin of ['lesson', 'restore']) expect(revisionsToDrop(aged(ages, origin), now)).toEqual([]);
  expect(left(aged(ages)).at(-1)!.revision).toBe(20);
  expect(revisionsToDrop([], now)).toEqual([]);
});

test('the newest is never dropped, and thinning twice takes no more than once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 * DAY }), { minLength: 1, maxLength: 80 }), (ages) => {
      const revisions = aged(ages);
      const once = left(revisions);
      expect(once.at(-1)).toEqual(revisions.at(-1));
      expect(left(once)).toEqual(once);
    }),
  );
});
