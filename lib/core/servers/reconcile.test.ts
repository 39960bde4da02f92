import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServerId, WorkspaceId } from '../ids.ts';
import { decide, endStateOf, type Action, type Limits, type Seen } from './reconcile.ts';
import type { Address, Profile, Server } from './server.ts';
import type { Sighting } from './spawner.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const later = (ms: number) => new Date(nine.getTime() + ms);
const workspace = 'w' as WorkspaceId;
const address: Address = { kind: 'unix', path: '/run/1' };
const common = { ref: { id: 's' as ServerId, generation: 7 }, profile: 'default', desired: 'run', since: nine } as const;
const profile: Profile = { name: 'default', cpus: 1, memoryBytes: 1, diskBytes: 1, processes: 1, lifetimeMs: 7_200_000, idleMs: 1_800_000, poolFloor: 1, startDeadlineMs: 180_000 };
const limits: Limits = { warningMs: 120_000, busyMs: 3_600_000, startAttempts: 3, retryMs: 1_000, saveMs: 180_000 };

const warming: Server = { ...common, state: 'warming', stage: 'creating', attempts: 0 };
const warm: Server = { ...common, state: 'warm', address, instance: 'i' };
const starting: Server = { ...common, state: 'starting', workspace, stage: 'creating', attempts: 0 };
const running: Server = { ...common, state: 'running', workspace, address, instance: 'i', claimedAt: nine, markedAt: nine, activity: { activeAt: nine } };
const stopping: Server = { ...common, state: 'stopping', workspace, reason: 'idle' };

const absent: Sighting = { state: 'absent' };
const ready: Sighting = { state: 'ready', address, instance: 'i' };
const seen = (sighting: Sighting, claimed = false): Seen => ({ sighting, claimed });
const now = later(1_000);
const decided = (server: Server, what: Seen, when = now) => decide(server, what, when, profile, limits);

describe('a server on its way', () => {
  test('is started while nothing is there, accepted once it is ready, and its stages are told', () => {
    expect(decided(starting, seen(absent))).toEqual({ do: 'start' });
    expect(decided(starting, seen({ state: 'pending', stage: 'booting', instance: 'i' }))).toEqual({ do: 'stage', stage: 'booting' });
    expect(decided(starting, seen({ state: 'pending', stage: 'creating', instance: 'i' }))).toEqual({ do: 'nothing' });
    expect(decided(warming, seen(ready))).toEqual({ do: 'accept', address, instance: 'i', marked: false });
  });

  // Seen to fail without the deadline.
  test('F1 ends at its deadline whatever is seen of it', () => {
    for (const what of [absent, ready]) expect(decided(starting, seen(what), later(180_001))).toEqual({ do: 'end', reason: 'deadline' });
  });

  // Seen to fail with every start that is late called just that.
  test('F15 says at its deadline what it waited for in vain', () => {
    for (const stage of ['room', 'image'] as const) {
      const what = seen({ state: 'pending', stage, instance: 'i' });
      expect(decided(starting, what)).toEqual({ do: 'stage', stage });
      expect(decided(starting, what, later(180_001))).toEqual({ do: 'end', reason: stage });
    }
  });

  // Seen to fail with the first failure taken for the last.
  test('F2 that died is tried again for a learner, later each time, until it has failed for good', () => {
    const ended = seen({ state: 'ended', reason: 'crashed', instance: 'i' });
    expect(decided(starting, ended)).toEqual({ do: 'retry', attempts: 1, retryAt: later(2_000), instance: 'i' });
    expect(decided({ ...starting, attempts: 1 }, ended)).toMatchObject({ do: 'retry', attempts: 2, retryAt: later(3_000) });
    expect(decided({ ...starting, attempts: 2 }, ended)).toMatchObject({ do: 'end', reason: 'crashed' });
    expect(decided(warming, ended)).toMatchObject({ do: 'end', reason: 'crashed' });
  });

  // Seen to fail with `desired` not looked at.
  test('F4 is ended when nobody wants it any more', () => {
    expect(decided({ ...starting, desired: 'stop', why: 'requested' }, seen(absent))).toEqual({ do: 'end', reason: 'requested' });
  });
});

describe('a server of the pool', () => {
  test('stays while it is there, and leaves when it is gone, replaced or old', () => {
    expect(decided(warm, seen(ready))).toEqual({ do: 'nothing' });
    expect(decided(warm, seen(absent))).toEqual({ do: 'end', reason: 'lost' });
    expect(decided(warm, seen({ ...ready, instance: 'another' }))).toEqual({ do: 'end', reason: 'lost' });
    expect(decided(warm, seen(ready), later(7_200_001))).toEqual({ do: 'end', reason: 'surplus' });
  });

  // Seen to fail with the mark not looked at.
  test('F12 never stays once its server is marked as somebody’s', () => {
    expect(decided(warm, seen(ready, true))).toEqual({ do: 'end', reason: 'mistaken' });
    expect(decided(warming, seen(ready, true))).toEqual({ do: 'end', reason: 'mistaken' });
  });
});

describe('a running server', () => {
  test('is marked first of all', () => {
    expect(decided({ ...running, markedAt: undefined }, seen(ready))).toEqual({ do: 'mark' });
    expect(decided(running, { ...seen(ready), claimed: true, markAgain: true })).toEqual({ do: 'mark' });
  });

  // Seen to fail with what has ended taken for what runs.
  test('F14 ends with the cause that was seen', () => {
    expect(decided(running, seen({ state: 'ended', reason: 'memory', instance: 'i' }))).toEqual({ do: 'end', reason: 'memory' });
  });
});

test('a server that is ending is saved while it can be, then removed by the instance that was seen', () => {
  expect(decided(stopping, seen(ready, true))).toEqual({ do: 'remove', reason: 'idle', instance: 'i', save: { address, isLast: false } });
  expect(decided(stopping, seen(absent))).toEqual({ do: 'remove', reason: 'idle' });
  expect(decided({ ...stopping, reason: 'mistaken' }, seen(ready))).not.toHaveProperty('save');
});

// Seen to fail with no deadline, and with nothing saved after it.
test('the last snapshot is tried until its deadline, and once more after it', () => {
  expect(decided(stopping, seen(ready, true), later(180_000))).toMatchObject({ save: { isLast: false } });
  expect(decided(stopping, seen(ready, true), later(180_001))).toMatchObject({ save: { isLast: true } });
});

// A small world in which decisions are carried out: `events` are what may happen at any moment, in any order, any number of times.
type World = { row: Server; place: Sighting; claimed: boolean; now: number };
type Event = 'look' | 'comes up' | 'dies' | 'vanishes' | 'unwanted' | 'time passes' | 'lost write';

function carryOut({ row, place, claimed, now }: World, action: Action): World {
  const ref = { ref: row.ref, profile: row.profile, desired: row.desired, since: later(now) };
  const same = { row, place, claimed, now };
  switch (action.do) {
    case 'nothing':
    case 'warn':
    case 'unwarn':
      return same;
    case 'start':
      return { ...same, place: place.state === 'absent' ? { state: 'pending', stage: 'booting', instance: `i${now}` } : place };
    case 'stage':
      return row.state === 'starting' || row.state === 'warming' ? { ...same, row: { ...row, stage: action.stage } } : same;
    case 'accept':
      return { ...same, claimed: row.state === 'starting' || claimed, row: row.state === 'warming' ? { ...ref, state: 'warm', address: action.address, instance: action.instance } : { ...ref, state: 'running', workspace, address: action.address, instance: action.instance, claimedAt: later(now), markedAt: later(now), activity: { activeAt: later(now) } } };
    case 'mark':
      return { ...same, claimed: true, row: row.state === 'running' ? { ...row, markedAt: later(now) } : row };
    case 'end':
      return { ...same, row: { ...ref, state: 'stopping', workspace: 'workspace' in row ? row.workspace : undefined, reason: action.reason } };
    case 'remove':
      return { ...same, place: absent, row: { ...ref, state: endStateOf(action.reason), reason: action.reason } };
    case 'retry':
      return { ...same, place: absent, row: { ...ref, state: 'starting', workspace, stage: 'creating', attempts: action.attempts } };
  }
}

const look = (world: World): Action => decided(world.row, { sighting: world.place, claimed: world.claimed }, later(world.now));

function happen(world: World, event: Event): World {
  switch (event) {
    case 'look':
      return carryOut(world, look(world));
    case 'lost write':
      // What was done outside stays done; what was to be written about it is lost with the controller.
      return { ...carryOut(world, look(world)), row: world.row };
    case 'comes up':
      return world.place.state === 'pending' ? { ...world, place: { state: 'ready', address, instance: world.place.instance } } : world;
    case 'dies':
      return world.place.state === 'pending' || world.place.state === 'ready' ? { ...world, place: { state: 'ended', reason: 'crashed', instance: world.place.instance } } : world;
    case 'vanishes':
      return { ...world, place: absent };
    case 'unwanted':
      return { ...world, row: { ...world.row, desired: 'stop', why: 'requested' } };
    case 'time passes':
      return { ...world, now: world.now + 1_000 };
  }
}

const settle = (world: World): World => Array.from({ length: 12 }).reduce<World>((current) => happen(happen(current, 'comes up'), 'look'), world);
const settled = ({ row, place }: World) => ['warm', 'running'].includes(row.state) ? place.state === 'ready' && row.desired === 'run' : place.state === 'absent' && ['stopped', 'failed'].includes(row.state);

describe('F16 any order, repetition and loss of events', () => {
  const anyEvent = fc.constantFrom<Event>('look', 'comes up', 'dies', 'vanishes', 'unwanted', 'time passes', 'lost write');
  const anyRow = fc.constantFrom<Server>(starting, warming);

  // Seen to fail with `desired` ignored while starting, and with a vanished server taken for a running one.
  test('ends with a server that runs or with nothing at all, and a row that says so', () => {
    fc.assert(
      fc.property(anyRow, fc.array(anyEvent, { maxLength: 60 }), (row, events) => {
        const world = settle(events.reduce(happen, { row, place: absent, claimed: false, now: 0 }));
        expect(settled(world)).toBe(true);
        expect(settle(world).row.state, 'and stays so').toBe(world.row.state);
      }),
      { numRuns: 2_000 },
    );
  });

  test('the same facts lead to the same state, whichever order and number of looks came between', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Event>('look', 'comes up', 'lost write'), { maxLength: 30 }), fc.array(fc.constantFrom<Event>('look', 'comes up', 'lost write'), { maxLength: 30 }), (one, other) => {
        const from: World = { row: starting, place: absent, claimed: false, now: 0 };
        const [a, b] = [settle(one.reduce(happen, from)), settle(other.reduce(happen, from))];
        expect([a.row.state, a.place.state]).toEqual([b.row.state, b.place.state]);
      }),
    );
  });
});

describe('a running server that answers as none of ours does', () => {
  // Seen to fail with `broke` not looked at.
  test('T39 is ended and says so, and its last snapshot is tried once', () => {
    expect(decided(running, { ...seen(ready, true), broke: true })).toEqual({ do: 'end', reason: 'protocol' });
    expect(decided(running, seen(ready, true))).toEqual({ do: 'nothing' });
    expect(decided({ ...stopping, reason: 'protocol' }, seen(ready))).toMatchObject({ do: 'remove', save: { isLast: true } });
    expect(endStateOf('protocol')).toBe('failed');
  });
});
