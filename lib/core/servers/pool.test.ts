import { expect, test } from 'vitest';
import { justClaimed, poolChange, poolTarget } from './pool.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const calm = { claimed: 0, windowMs: 300_000, startMs: 4_000 };
const room = { free: 10, startsAtOnce: 2, starting: 0, waiting: 0, justClaimed: 0 };

test('the pool stands at its floor when nobody comes', () => {
  expect(poolTarget({ poolFloor: 2 }, nine, [], calm)).toBe(2);
});

test('it grows with the learners who arrive while a server is made, and with a class on the timetable', () => {
  expect(poolTarget({ poolFloor: 1 }, nine, [], { ...calm, claimed: 150 })).toBe(4);
  const lecture = [{ from: nine, to: new Date(nine.getTime() + 600_000), servers: 30 }];
  expect(poolTarget({ poolFloor: 1 }, nine, lecture, calm)).toBe(30);
  expect(poolTarget({ poolFloor: 1 }, new Date(nine.getTime() + 600_000), lecture, calm)).toBe(1);
});

test('a floor of nothing means no pool', () => {
  expect(poolTarget({ poolFloor: 0 }, nine, [], { ...calm, claimed: 500 })).toBe(0);
});

test('what is missing is made as room and pace allow, and never before those who wait', () => {
  expect(poolChange(5, { warm: 1, warming: 1 }, room)).toEqual({ add: 2, drop: 0 });
  expect(poolChange(5, { warm: 1, warming: 1 }, { ...room, free: 1 })).toEqual({ add: 1, drop: 0 });
  expect(poolChange(5, { warm: 1, warming: 1 }, { ...room, starting: 2 })).toEqual({ add: 0, drop: 0 });
  expect(poolChange(5, { warm: 0, warming: 0 }, { ...room, waiting: 1 })).toEqual({ add: 0, drop: 0 });
});

test('what is too many is dropped, of the warm only', () => {
  expect(poolChange(1, { warm: 3, warming: 1 }, room)).toEqual({ add: 0, drop: 3 });
  expect(poolChange(2, { warm: 2, warming: 0 }, room)).toEqual({ add: 0, drop: 0 });
});

test('what was just claimed is replaced a moment later, one by one, and the rest of what is missing at once', () => {
  expect(poolChange(1, { warm: 0, warming: 0 }, { ...room, justClaimed: 1 })).toEqual({ add: 0, drop: 0 });
  expect(poolChange(3, { warm: 0, warming: 0 }, { ...room, justClaimed: 1 })).toEqual({ add: 2, drop: 0 });
  expect(poolChange(1, { warm: 1, warming: 0 }, { ...room, justClaimed: 3 })).toEqual({ add: 0, drop: 0 });
  const ago = (ms: number) => new Date(nine.getTime() - ms);
  expect(justClaimed([ago(200), ago(1_400), ago(1_500), ago(60_000)], nine)).toEqual({ count: 2, nextMs: 100 });
  expect(justClaimed([ago(1_500)], nine)).toEqual({ count: 0 });
});
