import { ok, refuse, type Outcome } from '../errors.ts';

export type Limit = { count: number; windowS: number };

/** Counts attempts by key, by the database's clock, across all replicas. */
export interface Throttle {
  /** Counts one attempt. @returns the seconds until the window ends when the limit is passed */
  hit(key: string, limit: Limit): Promise<number | undefined>;
  /** Takes one attempt back, as after a success. */
  refund(key: string): Promise<void>;
}

/** How often what may be tried. A classroom behind one address must get in, so the limits by address are wide and count failures. */
export const limits = {
  signInPerAccount: { count: 10, windowS: 600 },
  signInPerAddress: { count: 100, windowS: 600 },
  signUpPerAddress: { count: 300, windowS: 3600 },
  mailPerAccount: { count: 5, windowS: 3600 },
  mailPerAddress: { count: 100, windowS: 3600 },
} satisfies Record<string, Limit>;

/** Counts an attempt under each key. The first key past its limit refuses. */
export async function admit(throttle: Throttle, attempts: [key: string, limit: Limit][]): Promise<Outcome<undefined>> {
  for (const [key, limit] of attempts) {
    const retryAfterS = await throttle.hit(key, limit);
    if (retryAfterS !== undefined) {
      return refuse({ code: 'throttled', retryAfterS, say: `Too many attempts. Try again in ${inWords(retryAfterS)}.`, detail: `limit of ${key.split(':')[0]}` });
    }
  }
  return ok(undefined);
}

const inWords = (seconds: number) => (seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`);
