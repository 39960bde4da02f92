import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CourseId, ServerId } from '../ids.ts';
import { admissionOrder, admit, estimate, type ProfileRoom, type Room, type Waiting } from './queue.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const at = (ms: number) => new Date(nine.getTime() + ms);
const waiting = (course: string, generation: number, createdMs = generation): Waiting => ({ ref: { id: `${course}${generation}` as ServerId, generation }, profile: 'default', course: course as CourseId, createdAt: at(createdMs) });
const ids = (list: readonly { ref: { id: ServerId } }[]) => list.map(({ ref }) => ref.id);
const room: Room = { free: 10, startsAtOnce: 4, starting: 0, profiles: new Map() };
const having = (one: Partial<ProfileRoom>, name = 'default') => new Map([[name, { warm: [], warming: 0, stuck: 0, ...one }]]);
const warmOne = { id: 'w' as ServerId, generation: 90 };

// The three of F5 were seen to fail first come, first served.
test('F5 courses take turns, and within a course whoever asked first comes first', () => {
  const line = [waiting('a', 1), waiting('a', 2), waiting('a', 3), waiting('b', 4), waiting('c', 5)];
  expect(ids(admissionOrder(line, new Map()))).toEqual(['a1', 'b4', 'c5', 'a2', 'a3']);
});

// Seen to fail with `lastServed` not looked at, too.
test('F5 the course that was served last comes last, so one at a time is fair too', () => {
  const line = [waiting('a', 2), waiting('a', 3), waiting('b', 4)];
  expect(ids(admissionOrder(line, new Map([['a' as CourseId, nine]])))).toEqual(['b4', 'a2', 'a3']);
});

// Seen to fail with `lastServed` not looked at, too.
test('F5 admitting one at a time serves everybody, and nobody waits for more than one of each other course per turn', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 }), (courses) => {
      let line = courses.map((course, index) => waiting(course, index));
      const served = new Map<CourseId, Date>();
      const order: Waiting[] = [];
      while (line.length > 0) {
        const next = admissionOrder(line, served)[0]!;
        order.push(next);
        served.set(next.course, at(1_000 + order.length));
        line = line.filter((one) => one !== next);
      }
      expect(order).toHaveLength(courses.length);
      for (const course of new Set(courses)) {
        const turns = order.flatMap((one, index) => (one.course === course ? [index] : []));
        expect(turns[0]!).toBeLessThan(4);
        for (let turn = 1; turn < turns.length; turn++) expect(turns[turn]! - turns[turn - 1]!).toBeLessThanOrEqual(4);
      }
    }),
  );
});

test('ready servers go to the heads, the next wait for those being warmed, the rest start as room and pace allow', () => {
  const line = Array.from({ length: 8 }, (_, index) => waiting('a', index));
  const admission = admit(line, new Map(), { ...room, profiles: having({ warm: [warmOne], warming: 2 }), startsAtOnce: 3, starting: 1 }, nine);
  expect(admission).toEqual({ handOver: [{ to: line[0]!.ref, warm: warmOne }], start: [line[3]!.ref, line[4]!.ref], held: 3, lacking: 0 });
  expect(admit(line, new Map(), { ...room, free: 0 }, nine)).toEqual({ handOver: [], start: [], held: 8, lacking: 8 });
});

// Seen to fail with servers handed over whatever their profile.
test('a learner gets a server of the profile asked for, and starts cold where that one has none', () => {
  const [plain, gpu] = [waiting('a', 1), { ...waiting('b', 2), profile: 'gpu' }];
  expect(admit([plain, gpu], new Map(), { ...room, profiles: having({ warm: [warmOne], warming: 3 }) }, nine)).toMatchObject({ handOver: [{ to: plain.ref }], start: [gpu.ref] });
  expect(admit([plain, gpu], new Map(), { ...room, profiles: having({ warm: [warmOne] }, 'gpu') }, nine)).toMatchObject({ handOver: [{ to: gpu.ref }], start: [plain.ref] });
});

// Seen to fail with the stuck counted among the starts of all.
test('F15 starts that wait for an image or a node hold up their own profile alone', () => {
  const [plain, gpu] = [waiting('a', 1), { ...waiting('b', 2), profile: 'gpu' }];
  expect(admit([gpu, plain], new Map(), { ...room, profiles: having({ stuck: 4 }, 'gpu') }, nine)).toEqual({ handOver: [], start: [plain.ref], held: 0, lacking: 0 });
});

test('a start that failed waits for its time, and holds nobody up meanwhile', () => {
  const line = [{ ...waiting('a', 1), retryAt: at(5_000) }, waiting('a', 2)];
  expect(ids(admit(line, new Map(), room, nine).start.map((ref) => ({ ref })))).toEqual(['a2']);
  expect(admit(line, new Map(), room, at(5_000)).start).toHaveLength(2);
});

test('the estimate is the pace since the queue formed, else the usual time of a start, else nothing', () => {
  expect(estimate(3, { queueAgeMs: 10_000, readySinceQueued: 5 })).toBe(6_000);
  expect(estimate(3, { queueAgeMs: 10_000, readySinceQueued: 0, usualStartMs: 3_500 })).toBe(10_500);
  expect(estimate(3, { queueAgeMs: 10_000, readySinceQueued: 0 })).toBeUndefined();
});

// Seen to fail with the usual time alone: after ten minutes in a full cluster it said five seconds.
test('where nobody has got a server since the queue formed, it takes as long again at least', () => {
  expect(estimate(1, { queueAgeMs: 600_000, readySinceQueued: 0, usualStartMs: 3_500 })).toBe(600_000);
  expect(estimate(1, { queueAgeMs: 600_000, readySinceQueued: 6, usualStartMs: 3_500 })).toBe(100_000);
});
