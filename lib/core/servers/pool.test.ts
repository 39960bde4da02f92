import fc from 'fast-check';
import { expect, test } from 'vitest';
import { justClaimed, poolChanges, poolTarget, type Pool, type PoolRoom } from './pool.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const ago = (ms: number) => new Date(nine.getTime() - ms);
const calm = { claimedAt: [], windowMs: 300_000, startMs: 4_000 };
const claimed = (count: number, at: Date) => Array.from({ length: count }, () => at);
const room: PoolRoom = { free: 10, starts: 2, held: 0, wanted: 0 };
const pool: Pool = { target: 0, warm: 0, warming: 0, justClaimed: 0 };
const change = (one: Partial<Pool>, more: Partial<PoolRoom> = {}) => poolChanges([{ ...pool, ...one }], { ...room, ...more })[0];

test('the pool stands at its floor when nobody comes', () => {
  expect(poolTarget({ poolFloor: 2 }, nine, calm)).toBe(2);
});

test('it grows with the learners who arrive while a server is made, and with the classes of its timetable', () => {
  expect(poolTarget({ poolFloor: 1 }, nine, { ...calm, claimedAt: [...claimed(150, ago(60_000)), ...claimed(90, ago(301_000))] })).toBe(4);
  const lecture = { days: ['mon'] as const, from: '09:00', to: '09:10', timeZone: 'UTC', servers: 30 };
  expect(poolTarget({ poolFloor: 1, timetable: [lecture] }, nine, calm)).toBe(30);
  expect(poolTarget({ poolFloor: 1, timetable: [lecture, { ...lecture, servers: 5 }] }, nine, calm)).toBe(35);
  expect(poolTarget({ poolFloor: 1, timetable: [lecture] }, new Date(nine.getTime() + 600_000), calm)).toBe(1);
});

test('a class has as many warm as have not come yet', () => {
  const lecture = { days: ['mon'] as const, from: '08:45', to: '10:30', timeZone: 'UTC', servers: 30 };
  const claimedAt = [...claimed(20, ago(600_000)), ...claimed(50, ago(3_600_000))];
  expect(poolTarget({ poolFloor: 1, timetable: [lecture] }, nine, { ...calm, claimedAt })).toBe(10);
  expect(poolTarget({ poolFloor: 0, timetable: [lecture] }, nine, { ...calm, claimedAt: claimed(31, ago(600_000)) })).toBe(0);
});

test('a floor of nothing means no pool', () => {
  expect(poolTarget({ poolFloor: 0 }, nine, { ...calm, claimedAt: claimed(500, ago(1_000)) })).toBe(0);
});

test('what is missing is made as room and pace allow, and never before those who wait', () => {
  expect(change({ target: 5, warm: 1, warming: 1 })).toEqual({ add: 2, drop: 0 });
  expect(change({ target: 5, warm: 1, warming: 1 }, { free: 1 })).toEqual({ add: 1, drop: 0 });
  expect(change({ target: 5, warm: 1, warming: 1 }, { starts: 0 })).toEqual({ add: 0, drop: 0 });
  expect(change({ target: 5 }, { held: 1 })).toEqual({ add: 0, drop: 0 });
});

test('what is too many is dropped, of the warm only', () => {
  expect(change({ target: 1, warm: 3, warming: 1 })).toEqual({ add: 0, drop: 3 });
  expect(change({ target: 2, warm: 2 })).toEqual({ add: 0, drop: 0 });
});

test('pools of several profiles are filled in turn, and one whose starts fail rests alone', () => {
  const [a, b] = [{ ...pool, target: 100 }, { ...pool, target: 2 }];
  expect(poolChanges([a, b], { ...room, starts: 5 }).map(({ add }) => add)).toEqual([3, 2]);
  expect(poolChanges([{ ...a, resting: true }, b], { ...room, starts: 5 }).map(({ add }) => add)).toEqual([0, 2]);
});

// Seen to fail without giving way: the learner waited for ever, and the warm server for nobody.
test('F5 servers that stand ready give way to a learner who waits for room, those of the last profile first', () => {
  const [a, b] = [{ ...pool, target: 2, warm: 2 }, { ...pool, target: 1, warm: 1 }];
  expect(poolChanges([a, b], { ...room, free: 0, held: 2, wanted: 2 }).map(({ drop }) => drop)).toEqual([1, 1]);
  expect(poolChanges([a, b], { ...room, held: 2 }).map(({ drop }) => drop)).toEqual([0, 0]);
});

test('what was just claimed is replaced a moment later, one by one, and the rest of what is missing at once', () => {
  expect(change({ target: 1, justClaimed: 1 })).toEqual({ add: 0, drop: 0 });
  expect(change({ target: 3, justClaimed: 1 })).toEqual({ add: 2, drop: 0 });
  expect(change({ target: 1, warm: 1, justClaimed: 3 })).toEqual({ add: 0, drop: 0 });
  expect(justClaimed([ago(200), ago(1_400), ago(1_500), ago(60_000)], nine)).toEqual({ count: 2, nextMs: 100 });
  expect(justClaimed([ago(1_500)], nine)).toEqual({ count: 0 });
});

// Seen to fail with outdated servers taken for any others, and with as many beside them as there are.
test('outdated servers are replaced a tenth at a time, each once its successor is warm', () => {
  const upgrade = { target: 20, outdated: 20 };
  const roomy = { free: 100, starts: 100 };
  expect(change({ ...upgrade, warm: 20 }, roomy)).toEqual({ add: 2, drop: 0 });
  expect(change({ ...upgrade, warm: 20, warming: 2 }, roomy)).toEqual({ add: 0, drop: 0 });
  expect(change({ ...upgrade, warm: 22 }, roomy)).toEqual({ add: 0, drop: 2 });
  expect(change({ ...upgrade, warm: 20, outdated: 18 }, roomy)).toEqual({ add: 2, drop: 0 });
  expect(change({ target: 1, warm: 1, outdated: 1 })).toEqual({ add: 1, drop: 0 });
  expect(change({ target: 1, warm: 2, outdated: 1 })).toEqual({ add: 0, drop: 1 });
});

// Seen to fail with none giving way, the second also with `cramped` passed over: the successor waited for room for ever.
test('where there is no room for a successor one outdated server gives way to it, and no more until that is warm', () => {
  const upgrade = { target: 3, outdated: 3 };
  expect(change({ ...upgrade, warm: 3 }, { free: 0 })).toEqual({ add: 0, drop: 1 });
  expect(change({ ...upgrade, warm: 2, warming: 1, outdated: 2 }, { free: 0 })).toEqual({ add: 0, drop: 0 });
  expect(change({ ...upgrade, warm: 3, warming: 1, cramped: true })).toEqual({ add: 0, drop: 1 });
  expect(change({ ...upgrade, warm: 2, warming: 1, outdated: 2, cramped: true })).toEqual({ add: 0, drop: 0 });
});

// Seen to fail with one more that gives way, and with it the successor itself.
test('where the room is full once a successor is warm, the one it replaces leaves and no other', () => {
  expect(change({ target: 1, warm: 2, outdated: 1 }, { free: 0 })).toEqual({ add: 0, drop: 1 });
  expect(change({ target: 3, warm: 4, warming: 1, outdated: 3, cramped: true })).toEqual({ add: 0, drop: 1 });
});

// Seen to fail with `replacing` that treats outdated servers like others, and with none that gives way.
test('through an upgrade at most one fewer is warm than should be, none fewer where there is room, and it ends', () => {
  const upgrades = fc.record({ target: fc.integer({ min: 1, max: 30 }), beside: fc.integer({ min: 0, max: 4 }), known: fc.boolean(), starts: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(upgrades, ({ target, beside, known, starts }) => {
      // `known`: the site knows how many there is room for. Else the cluster leaves waiting what finds none.
      const capacity = target + beside;
      let [outdated, current, warming, steps] = [target, 0, 0, 0];
      while (outdated > 0 || warming > 0 || current !== target) {
        const warm = outdated + current;
        const placed = Math.min(warming, capacity - warm);
        const waits = warming > placed;
        const [{ add, drop }] = poolChanges([{ target, warm, warming, justClaimed: 0, outdated, cramped: waits }], { ...room, free: known ? capacity - warm - warming : 100, starts: Math.max(0, starts - warming) }) as [{ add: number; drop: number }];
        const left = Math.min(drop, outdated);
        outdated -= left;
        current += placed - (drop - left);
        warming += add - placed;
        expect(outdated + current).toBeGreaterThanOrEqual(beside > 0 && known ? target : target - 1);
        expect((steps += 1)).toBeLessThan(1_000);
      }
    }),
  );
});
