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

/** What the pool lacks or has too many of. `free`: servers that may still be made; `waiting`: learners in the queue, who come first. */
export function poolChange(target: number, have: { warm: number; warming: number }, room: { free: number; startsAtOnce: number; starting: number; waiting: number }): { add: number; drop: number } {
  const missing = target - have.warm - have.warming;
  const may = room.waiting > 0 ? 0 : Math.min(room.free, room.startsAtOnce - room.starting);
  return { add: Math.max(0, Math.min(missing, may)), drop: room.waiting > 0 ? 0 : Math.max(0, Math.min(have.warm, -missing)) };
}
