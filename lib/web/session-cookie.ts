import { decode, encode } from 'next-auth/jwt';
import { SESSION_MS } from '../core/users/sessions.ts';
import type { SessionId, UserId } from '../core/ids.ts';
import type { Secrets } from '../config/config.ts';

type Keys = Secrets['keys'];

/** What NextAuth's encrypted cookie says: whose sign-in, and which. Everything else is read from the database each time. */
export type SessionClaims = { sub: UserId; sid: SessionId };

/** Seals the claims with the newest key. */
export const sealSession = (claims: SessionClaims, keys: Keys): Promise<string> =>
  encode({ token: claims, secret: keys[0]!.nextAuth, maxAge: SESSION_MS / 1000 });

/** Opens a cookie sealed with any key still in use; undefined for anything else. */
export async function openSession(cookie: string | undefined, keys: Keys): Promise<SessionClaims | undefined> {
  if (!cookie) return undefined;
  for (const { nextAuth } of keys) {
    try {
      const token = await decode({ token: cookie, secret: nextAuth });
      if (typeof token?.sub === 'string' && typeof token.sid === 'string') return { sub: token.sub as UserId, sid: token.sid as SessionId };
    } catch {
      continue;
    }
  }
  return undefined;
}
