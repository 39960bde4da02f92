import { ok, refuse, type Outcome } from '../errors.ts';
import { durationInWords } from '../duration.ts';
import type { Caller } from './caller.ts';
import type { Email } from './email.ts';
import { linkLifetimeS } from './links.ts';

export type Limit = { count: number; windowS: number };

/** Counts attempts by key, by the database's clock, across all replicas. */
export interface Throttle {
  /** Counts one attempt. @returns how many this window has seen, at most one more than the limit, and the seconds until it ends */
  hit(key: string, limit: Limit): Promise<{ count: number; leftS: number }>;
  /** Whether the key's window is still open. */
  holds(key: string): Promise<boolean>;
  /** Takes one attempt back, as after a success. */
  refund(key: string): Promise<void>;
}

/**
 * How often what may be tried. No limit that refuses is of an account alone: whoever knows an address could keep its owner out. A
 * network's own limits are wide, since a classroom stands behind one address, and count failures.
 */
export const limits = {
  /** Of one account from one network, or by one browser that the account has been signed in with. */
  signInPerPlace: { count: 10, windowS: 600 },
  signInPerNetwork: { count: 100, windowS: 600 },
  /** Of one account over all networks. What is past it waits, and is let on. */
  signInUnslowed: { count: 20, windowS: 600 },
  signUpPerNetwork: { count: 300, windowS: 3600 },
  mailPerPlace: { count: 5, windowS: 3600 },
  mailPerNetwork: { count: 100, windowS: 3600 },
  /** To one account over all networks. Past it one letter of each kind goes out in the time that follows, */
  mailUnslowed: { count: 5, windowS: 3600 },
  /** so that in an account's mail there is always a link that lives: no longer than the shortest lifetime of one. */
  mailSlowed: { count: 1, windowS: linkLifetimeS['sign-in'] },
} satisfies Record<string, Limit>;

/** How long a network is one of the account's own after its owner signed in from there, in a window that any later sign-in opens anew. */
export const homeLimit: Limit = { count: 1, windowS: 90 * 24 * 3600 };

/** The longest wait of a sign-in whose account is being guessed at. It holds one request and no more, which limits by network bound. */
const SLOWEST_MS = 5_000;

/** How long the n-th attempt on an account in a window waits, in milliseconds: nothing at first, then twice as long each time. */
export const slowness = (count: number, unslowed: number): number => (count <= unslowed ? 0 : Math.min(250 * 2 ** (count - unslowed - 1), SLOWEST_MS));

/** Where an attempt on an account comes from, as the key it is counted by. Its owner's own browser has a count that nobody else adds to. */
export const placeOf = (email: Email, { network, browser }: Caller) => (browser ? `${email} in ${browser}` : `${email} from ${network}`);

/** Counts an attempt under each key. The first key past its limit refuses. */
export async function admit(throttle: Throttle, attempts: [key: string, limit: Limit][]): Promise<Outcome<undefined>> {
  for (const [key, limit] of attempts) {
    const { count, leftS } = await throttle.hit(key, limit);
    if (count > limit.count) {
      return refuse({ code: 'throttled', retryAfterS: leftS, say: `Too many attempts. Try again in ${durationInWords(leftS)}.`, detail: `limit of ${key.split(':')[0]}` });
    }
  }
  return ok(undefined);
}
