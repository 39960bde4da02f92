import { hkdfSync } from 'node:crypto';
import { jwtDecrypt } from 'jose';
import type { UserId } from '../ids.ts';
import { makeRemembered } from '../remembered.ts';

/** Cookies of that many browsers are not opened again; some two megabytes. */
const KNOWN = 5_000;

/** In characters; ours have some three hundred. */
const LONGEST = 1_000;

/** How NextAuth derives the key of its cookie. */
const keyOf = (secret: string) => new Uint8Array(hkdfSync('sha256', secret, '', 'NextAuth.js Generated Encryption Key', 32));

/**
 * Tells whose sign-in a session cookie names, whether or not it still lasts: enough to share by person, and a right to nothing.
 * Undefined where we did not seal it.
 */
export function makeWhose(keys: readonly { nextAuth: string }[]): (cookie: string) => Promise<UserId | undefined> {
  const derived = keys.map(({ nextAuth }) => keyOf(nextAuth));
  const known = makeRemembered<UserId>(KNOWN);

  return async (cookie) => {
    if (cookie.length > LONGEST) return undefined;
    const remembered = known.get(cookie);
    if (remembered) return remembered;
    for (const key of derived) {
      try {
        // Its end is of no matter here, and must not depend on this machine's clock.
        const { payload } = await jwtDecrypt(cookie, key, { currentDate: new Date(0) });
        if (payload.sub) return known.keep(cookie, payload.sub as UserId);
      } catch {
        continue;
      }
    }
    return undefined;
  };
}
