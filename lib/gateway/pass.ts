import type { IncomingMessage } from 'node:http';
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
  // A browser sends the same cookies again and again on a connection, and to compare them is cheaper than to look them up.
  const onConnection = new WeakMap<object, { header: string; pass: Pass }>();
  const renewed = new Map<string, { at: number; pass: Promise<string> }>();

  async function verify(values: string[], key: WorkspaceKey, nowMs: number): Promise<Pass | undefined> {
    for (const value of values) {
      const pass = await verifyPass(value, keys, new Date(nowMs));
      if (!pass) continue;
      keep(verified, value, pass);
      if (pass.key === key) return pass;
    }
    return undefined;
  }

  const isGood = (pass: Pass, key: WorkspaceKey, nowMs: number) => pass.key === key && nowMs <= pass.expiresAt.getTime() + CLOCK_SKEW_SECONDS * 1000;

  return {
    /** The pass the request's cookies hold for this workspace; at once when this very cookie was seen before. */
    find({ headers: { cookie: header }, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, key: WorkspaceKey, nowMs: number): Pass | undefined | Promise<Pass | undefined> {
      if (header === undefined) return undefined;
      const last = onConnection.get(socket);
      if (last && last.header === header && isGood(last.pass, key, nowMs)) return last.pass;
      const values = passesIn(header);
      for (const value of values) {
        const pass = verified.get(value);
        if (!pass || !isGood(pass, key, nowMs)) continue;
        onConnection.set(socket, { header, pass });
        return pass;
      }
      return values.length === 0 ? undefined : verify(values, key, nowMs);
    },

    /** A new pass for the same sign-in and workspace, to this server. */
    renew({ sid, sub, wsp, key }: Asking, server: ServerRef, nowMs: number): Promise<string> {
      const id = `${sid} ${wsp} ${server.id} ${server.generation}`;
      const last = renewed.get(id);
      if (last && nowMs - last.at < SAME_PASS_MS) return last.pass;
      const facts: GrantFacts = { sid, sub, wsp, key, srv: server.id, gen: server.generation };
      const pass = signPass(facts, keys, new Date(nowMs));
      renewed.delete(id);
      keep(renewed, id, { at: nowMs, pass });
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
