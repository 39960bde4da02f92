import { expect, test } from 'vitest';
import { begunAt, type WeeklyClass } from './timetable.ts';

const berlin: WeeklyClass = { days: ['mon', 'wed'], from: '08:45', to: '10:30', timeZone: 'Europe/Berlin', servers: 40 };
const began = (one: WeeklyClass, now: string) => begunAt(one, new Date(now))?.toISOString();

test('a class is on by the clock on its own wall, from its first minute until its end', () => {
  // A Monday in winter, an hour before UTC.
  expect(began(berlin, '2026-01-05T07:44:59Z')).toBeUndefined();
  expect(began(berlin, '2026-01-05T07:45:00Z')).toBe('2026-01-05T07:45:00.000Z');
  expect(began(berlin, '2026-01-05T09:29:59Z')).toBe('2026-01-05T07:45:00.000Z');
  expect(began(berlin, '2026-01-05T09:30:00Z')).toBeUndefined();
  expect(began(berlin, '2026-01-06T08:00:00Z'), 'Tuesday').toBeUndefined();
});

test('it comes at the same time on the wall in summer', () => {
  expect(began(berlin, '2026-07-06T06:44:59Z')).toBeUndefined();
  expect(began(berlin, '2026-07-06T06:45:00Z')).toBe('2026-07-06T06:45:00.000Z');
  expect(began(berlin, '2026-07-06T08:30:00Z')).toBeUndefined();
});

test('one that goes past midnight belongs to the day it began on', () => {
  const night = { ...berlin, days: ['sun'] as const, from: '22:00', to: '02:00' };
  expect(began(night, '2026-01-04T21:00:00Z')).toBe('2026-01-04T21:00:00.000Z');
  expect(began(night, '2026-01-05T00:59:59Z')).toBe('2026-01-04T21:00:00.000Z');
  expect(began(night, '2026-01-05T01:00:00Z')).toBeUndefined();
  expect(began(night, '2026-01-05T21:00:00Z'), 'Monday night').toBeUndefined();
  expect(began({ ...night, to: '22:00' }, '2026-01-05T20:59:59Z'), 'a whole day').toBe('2026-01-04T21:00:00.000Z');
});

// Seen to fail without looking at the wall a second time.
test('where the clocks change in the middle of a class, it began when the wall showed its time, and ends when it shows its end', () => {
  const early = { ...berlin, days: ['sun'] as const, from: '01:30', to: '04:00' };
  // On 29 March 2026 the wall shows 03:00 after 01:59; on 25 October it shows 02:00 to 02:59 twice.
  expect(began(early, '2026-03-29T01:10:00Z')).toBe('2026-03-29T00:30:00.000Z');
  expect(began(early, '2026-03-29T02:00:00Z')).toBeUndefined();
  expect(began(early, '2026-10-25T02:59:59Z')).toBe('2026-10-24T23:30:00.000Z');
  expect(began(early, '2026-10-25T03:00:00Z')).toBeUndefined();
  // Its first minute is skipped: it is on from the moment the wall is past it.
  expect(began({ ...early, from: '02:30' }, '2026-03-29T00:59:59Z')).toBeUndefined();
  expect(began({ ...early, from: '02:30' }, '2026-03-29T01:00:00Z')).toBeDefined();
});
