import { jwtVerify, SignJWT, errors } from 'jose';
import { z } from 'zod';
import type { ServerId, SessionId, UserId, WorkspaceId, WorkspaceKey } from '../ids.ts';

/** What a grant and a pass both say: this sign-in of this user, this workspace, this server and generation. */
export type GrantFacts = { sid: SessionId; sub: UserId; wsp: WorkspaceId; key: WorkspaceKey; srv: ServerId; gen: number };

/** A pass is what a grant becomes at the notebook origin: the value of its cookie. It may slide; a grant never does. */
export type Pass = GrantFacts & { expiresAt: Date };

/** Newest first; anything signed with one that is still in the list is good. `Secrets['keys']` is such a list. */
export type GrantKeys = readonly { kid: string; grant: Uint8Array }[];

export const GRANT_SECONDS = 60;
export const PASS_SECONDS = 600;
/** How far the clocks of the site's and the gateway's machines may be apart. */
export const CLOCK_SKEW_SECONDS = 30;

const AUDIENCE = 'lectern-gateway';
const id = <T extends string>() => z.string().min(1).transform((value) => value as T);
const Claims = z.object({
  sid: id<SessionId>(),
  sub: id<UserId>(),
  wsp: id<WorkspaceId>(),
  key: id<WorkspaceKey>(),
  srv: id<ServerId>(),
  gen: z.number().int(),
  exp: z.number().int(),
});

/** The bearer token with which a browser enters a notebook origin once: good for a minute, never put in a URL. */
export const signGrant = (facts: GrantFacts, keys: GrantKeys, now: Date): Promise<string> => sign(facts, 'enter', GRANT_SECONDS, keys, now);

/** The value of the notebook origin's cookie: good for ten minutes. */
export const signPass = (facts: GrantFacts, keys: GrantKeys, now: Date): Promise<string> => sign(facts, 'pass', PASS_SECONDS, keys, now);

/** The grant, or none when it is expired, tampered with, of another key, algorithm or purpose. */
export const verifyGrant = (token: string, keys: GrantKeys, now: Date): Promise<GrantFacts | undefined> => verify(token, 'enter', keys, now);

/** The pass, or none, for the same reasons. */
export const verifyPass = (token: string, keys: GrantKeys, now: Date): Promise<Pass | undefined> => verify(token, 'pass', keys, now);

async function sign({ sid, sub, wsp, key, srv, gen }: GrantFacts, scope: 'enter' | 'pass', seconds: number, keys: GrantKeys, now: Date): Promise<string> {
  const newest = keys[0];
  if (!newest) throw new Error('no key to sign grants with');
  const issued = Math.floor(now.getTime() / 1000);
  return new SignJWT({ sid, wsp, key, srv, gen, scope })
    .setProtectedHeader({ alg: 'HS256', kid: newest.kid })
    .setSubject(sub)
    .setAudience(AUDIENCE)
    .setExpirationTime(issued + seconds)
    .sign(newest.grant);
}

async function verify(token: string, scope: 'enter' | 'pass', keys: GrantKeys, now: Date): Promise<Pass | undefined> {
  try {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = keys.find(({ kid }) => kid === header.kid);
        if (!key) throw new errors.JWKSNoMatchingKey();
        return key.grant;
      },
      { algorithms: ['HS256'], audience: AUDIENCE, clockTolerance: CLOCK_SKEW_SECONDS, currentDate: now, requiredClaims: ['exp'] },
    );
    const claims = Claims.safeParse(payload);
    if (!claims.success || payload.scope !== scope) return undefined;
    const { exp, ...facts } = claims.data;
    return { ...facts, expiresAt: new Date(exp * 1000) };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
