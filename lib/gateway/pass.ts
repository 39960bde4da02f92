import type { Asking } from '../core/auth/access.ts';
import { CLOCK_SKEW_SECONDS, signPass, verifyPass, type GrantFacts, type GrantKeys, type Pass } from '../core/auth/grant.ts';
import type { WorkspaceKey } from '../core/ids.ts';
import type { ServerRef } from '../core/servers/server.ts';
import { passesIn } from './cookie.ts';

/** Verified cookies kept, by their exact text: checking a signature anew costs more than forwarding a request. */
const MOST = 10_000;
/** A page asks for several things at once; all of them get the same new pass. */
const SAME_PASS_MS = 30_000;

export function makePasses(keys: GrantKeys) {
  const verified = new Map<string, Pass>();
  const renewed = new Map<string, { at: number; pass: Promise<string> }>();

  async function verify(values: string[], key: WorkspaceKey, now: Date): Promise<Pass | undefined> {
    for (const value of values) {
      const pass = await verifyPass(value, keys, now);
      if (!pass) continue;
      keep(verified, value, pass);
      if (pass.key === key) return pass;
    }
    return undefined;
  }

  return {
    /** The pass the cookie header holds for this workspace; at once when this very cookie was seen before. */
    find(header: string | undefined, key: WorkspaceKey, now: Date): Pass | undefined | Promise<Pass | undefined> {
      const values = passesIn(header);
      for (const value of values) {
        const pass = verified.get(value);
        if (pass && pass.key === key && now.getTime() <= pass.expiresAt.getTime() + CLOCK_SKEW_SECONDS * 1000) return pass;
      }
      return values.length === 0 ? undefined : verify(values, key, now);
    },

    /** A new pass for the same sign-in and workspace, to this server. */
    renew({ sid, sub, wsp, key }: Asking, server: ServerRef, now: Date): Promise<string> {
      const id = `${sid} ${wsp} ${server.id} ${server.generation}`;
      const last = renewed.get(id);
      if (last && now.getTime() - last.at < SAME_PASS_MS) return last.pass;
      const facts: GrantFacts = { sid, sub, wsp, key, srv: server.id, gen: server.generation };
      const pass = signPass(facts, keys, now);
      renewed.delete(id);
      keep(renewed, id, { at: now.getTime(), pass });
      return pass;
    },
  };
}

export type Passes = ReturnType<typeof makePasses>;

/** The oldest goes when there are too many. */
function keep<T>(map: Map<string, T>, key: string, value: T) {
  map.set(key, value);
  if (map.size > MOST) map.delete(map.keys().next().value!);
}
