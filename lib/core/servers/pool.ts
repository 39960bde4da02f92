import type { Profile } from './server.ts';
import { begunAt } from './timetable.ts';

/** `claimedAt`: when the servers that were claimed of late, or since a class began, changed hands. `startMs`: how long a server takes to become ready. */
export type Demand = { claimedAt: readonly Date[]; windowMs: number; startMs: number };

/**
 * How many warm servers of a profile to keep. While one is being made, learners go on arriving at the recent rate: so many must
 * stand ready, twice over because arrivals come in bunches. Of a class that is on, as many as have not come yet.
 */
export function poolTarget({ poolFloor, timetable = [] }: Pick<Profile, 'poolFloor' | 'timetable'>, now: Date, { claimedAt, windowMs, startMs }: Demand): number {
  const since = (time: number) => claimedAt.filter((at) => at.getTime() >= time).length;
  const classes = timetable.flatMap((one) => ({ servers: one.servers, begun: begunAt(one, now)?.getTime() })).filter((one): one is { servers: number; begun: number } => one.begun !== undefined);
  const expected = classes.reduce((sum, { servers }) => sum + servers, 0);
  const planned = classes.length > 0 ? expected - since(Math.min(...classes.map(({ begun }) => begun))) : 0;
  const arrivals = (since(now.getTime() - windowMs) / windowMs) * startMs;
  // A floor of nothing is an operator's wish for no pool, not a guess that nobody comes.
  const byRate = poolFloor === 0 ? 0 : Math.ceil(arrivals * 2);
  return Math.max(poolFloor, byRate, planned);
}

/** For so long after a claim its replacement is not begun: a start takes a whole CPU, and the learner's first cell runs now. */
const REPLACE_AFTER_MS = 1_500;

/** The servers claimed so lately that they are not replaced yet, and how long it takes until one more may be. */
export function justClaimed(claimedAt: readonly Date[], now: Date): { count: number; nextMs?: number } {
  const left = claimedAt.map((at) => at.getTime() + REPLACE_AFTER_MS - now.getTime()).filter((ms) => ms > 0);
  return { count: left.length, ...(left.length > 0 && { nextMs: left.reduce((least, ms) => Math.min(least, ms)) }) };
}

/**
 * One profile's pool. `justClaimed`: the count of that function. `outdated`: those of the warm that would be made otherwise now. `cramped`:
 * one of the warming waits for a node with room. `resting`: its starts have failed of late, so none is made now.
 */
export type Pool = { target: number; warm: number; warming: number; justClaimed: number; outdated?: number; cramped?: boolean; resting?: boolean };

export type PoolRoom = {
  /** Servers that may still be made. */
  free: number;
  /** Starts that may still be begun. */
  starts: number;
  /** Learners who wait for such room: they come first. */
  held: number;
  /** Servers whose end would let one of them in, beyond those that end already. */
  wanted: number;
};

/**
 * Outdated servers are replaced a tenth at a time, each once its successor is warm: a learner finds a warm one all through an upgrade,
 * also where nothing new can be started. Where there is no room for a successor beside them, one gives way to it.
 */
function replacing({ target, warm, warming, outdated = 0, cramped }: Pool, free: number): { beside: number; drop: number } {
  if (outdated === 0) return { beside: 0, drop: warm + warming - target };
  // One that leaves since its successor is warm makes room enough.
  const giveWay = warm <= target && (cramped || (free <= 0 && warming === 0)) ? 1 : 0;
  return { beside: cramped ? 0 : Math.ceil(outdated / 10), drop: warm + giveWay - target };
}

/**
 * What each pool lacks or has too many of. They take turns, so that none waits until another is full. What nobody uses gives way to
 * who waits, the last pool first.
 */
export function poolChanges(pools: readonly Pool[], room: PoolRoom): { add: number; drop: number }[] {
  const replaced = pools.map((pool) => replacing(pool, room.free));
  const changes = pools.map(({ warm }, at) => ({ add: 0, drop: room.held > 0 ? 0 : Math.max(0, Math.min(warm, replaced[at]!.drop)) }));
  let wanted = room.wanted;
  for (const [at, { warm }] of [...pools.entries()].reverse()) {
    const gives = Math.min(warm, wanted);
    changes[at]!.drop = Math.max(changes[at]!.drop, gives);
    wanted -= gives;
  }
  let may = room.held > 0 ? 0 : Math.min(room.free, room.starts);
  for (let gave = true; gave && may > 0; ) {
    gave = false;
    for (const [at, { target, warm, warming, justClaimed, resting }] of pools.entries()) {
      if (resting || may <= 0 || target + replaced[at]!.beside - warm - warming - justClaimed - changes[at]!.add <= 0) continue;
      changes[at]!.add++;
      may--;
      gave = true;
    }
  }
  return changes;
}
