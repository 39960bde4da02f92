import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { nextPath } from '../core/auth/next-path.ts';
import { sessionOf } from '../core/auth/session-of.ts';
import type { Actor } from '../core/users/actor.ts';
import { siteHub } from './hub.ts';
import { RefusedError } from '../core/errors.ts';
import { openSession } from './session-cookie.ts';

/**
 * Who is asking, read from the database anew for each request: null when nobody is signed in, or the sign-in has ended or
 * expired, or the person is banned.
 */
export const currentActor = cache(async (): Promise<Actor | null> => {
  const cookie = sessionOf((await headers()).get('cookie'));
  if (!cookie) return null;
  const hub = await siteHub();
  const claims = await openSession(cookie, hub.secrets.keys);
  if (!claims) return null;
  return (await hub.sessions.actor(claims.sid)) ?? null;
});

/** For route handlers. @throws RefusedError which `handler` answers with 401 */
export async function requireActor(): Promise<Actor> {
  const actor = await currentActor();
  if (!actor) throw new RefusedError({ code: 'unauthenticated', say: 'Sign in first.' });
  return actor;
}

/** For pages: whoever is not signed in goes to the sign-in page, and from there back to `next`. */
export async function actorOrSignIn(next: string): Promise<Actor> {
  const actor = await currentActor();
  if (!actor) redirect(`/sign-in?next=${encodeURIComponent(nextPath(next))}`);
  return actor;
}
