import type { Profile } from './server.ts';

/** Times at which more servers are wanted than demand alone would tell, such as a class that begins at nine. */
export type Timetable = readonly { from: Date; to: Date; servers: number }[];

/** `claimed`: servers that changed hands within `windowMs`. `startMs`: how long a server takes to become ready. */
export type Demand = { claimed: number; windowMs: number; startMs: number };

/**
 * How many warm servers to keep. While one is being made, learners go on arriving at the recent rate: so many must stand
 * ready, twice over because arrivals come in bunches.
 */
export function poolTarget(profile: Pick<Profile, 'poolFloor'>, now: Date, timetable: Timetable, demand: Demand): number {
  const planned = timetable.filter(({ from, to }) => from <= now && now < to).map(({ servers }) => servers);
  const arrivals = (demand.claimed / demand.windowMs) * demand.startMs;
  // A floor of nothing is an operator's wish for no pool, not a guess that nobody comes.
  const expected = profile.poolFloor === 0 ? 0 : Math.ceil(arrivals * 2);
  return Math.max(profile.poolFloor, expected, ...planned);
}

/** For so long after a claim its replacement is not begun: a start takes a whole CPU, and the learner's first cell runs now. */
const REPLACE_AFTER_MS = 1_500;

/** The servers claimed so lately that they are not replaced yet, and how long it takes until one more may be. */
export function justClaimed(claimedAt: readonly Date[], now: Date): { count: number; nextMs?: number } {
  const left = claimedAt.map((at) => at.getTime() + REPLACE_AFTER_MS - now.getTime()).filter((ms) => ms > 0);
  return { count: left.length, ...(left.length > 0 && { nextMs: Math.min(...left) }) };
}

export type PoolRoom = {
  /** Servers that may still be made. */
  free: number;
  startsAtOnce: number;
  starting: number;
  /** Learners in the queue, who come first. */
  waiting: number;
  /** `justClaimed().count`. */
  justClaimed: number;
};

/** What the pool lacks or has too many of. */
export function poolChange(target: number, have: { warm: number; warming: number }, room: PoolRoom): { add: number; drop: number } {
  if (room.waiting > 0) return { add: 0, drop: 0 };
  const missing = target - have.warm - have.warming;
  const may = Math.min(room.free, room.startsAtOnce - room.starting);
  return { add: Math.max(0, Math.min(missing - room.justClaimed, may)), drop: Math.max(0, Math.min(have.warm, -missing)) };
}
