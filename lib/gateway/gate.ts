import type { IncomingMessage } from 'node:http';
import { askingOf, decideEntry, isDue, type Admission, type Asking, type Target } from '../core/auth/access.ts';
import { PASS_SECONDS, verifyGrant, type GrantKeys, type Pass } from '../core/auth/grant.ts';
import type { WorkspaceKey } from '../core/ids.ts';
import { databaseAway, forbidden, noPass, noServer, type Own } from './answer.ts';
import { setCookie } from './cookie.ts';
import type { Flat } from './headers.ts';
import type { Passes } from './pass.ts';
import type { Routes } from './route.ts';

export type Entered = { state: 'in'; asking: Asking; rights: string; target: Target; /** A cookie to send along, when it was renewed. */ cookie: Flat };
export type Verdict = Entered | { state: 'out'; own: Own };

type Deps = { routes: Routes; passes: Passes; keys: GrantKeys; now: () => number };

/** A cookie is renewed after a check with the database no older than this. */
const CHECKED_MS = 5_000;
/** A server is marked within milliseconds of its claim. */
const MARK_WAIT_MS = 5_000;
const MARK_LOOK_MS = 25;
const NO_COOKIE: Flat = [];

const out = (own: Own): Verdict => ({ state: 'out', own });
const ended = {
  'signed-out': 'You are signed out. Sign in and open the lesson again.',
  banned: 'This account is closed.',
  stranger: 'This notebook is somebody else’s.',
  'not-enrolled': 'You are no longer enrolled in this course.',
} as const;

/** Who may come in at a notebook origin, and to which server they get. */
export function makeGate({ routes, passes, keys, now }: Deps) {
  function known(pass: Pass | undefined, at: number): Verdict | Promise<Verdict> {
    if (!pass) return out(noPass());
    const admission = routes.admit(pass);
    if (!(admission instanceof Promise)) return decide(pass, admission, at);
    return admission.then(
      (read) => decide(pass, read, at),
      () => out(databaseAway()),
    );
  }

  function decide(pass: Pass, admission: Admission, at: number): Verdict | Promise<Verdict> {
    if (admission.state === 'refused') return out(forbidden(ended[admission.why]));
    const { server, rights } = admission;
    if (typeof server === 'string') return out(noServer());
    const entered: Entered = { state: 'in', asking: pass, rights, target: server, cookie: NO_COOKIE };
    return isDue(pass, server.ref, at) && !routes.isAway() ? renew(pass, entered, at) : entered;
  }

  /** The cookie slides while its sign-in lives, and to the new server when the workspace has another one. */
  async function renew(pass: Pass, entered: Entered, at: number): Promise<Verdict> {
    const { sid, wsp } = pass;
    try {
      const admission = at - routes.readAt(sid, wsp) < CHECKED_MS ? undefined : await routes.fresh(pass);
      if (admission?.state === 'refused') return out(forbidden(ended[admission.why]));
      if (typeof admission?.server === 'string') return out(noServer());
      const target = admission?.server ?? entered.target;
      return { ...entered, target, rights: admission?.rights ?? entered.rights, cookie: setCookie(await passes.renew(pass, target.ref, at), PASS_SECONDS) };
    } catch {
      // The cookie is good until its end; it is renewed when the database is back.
      return entered;
    }
  }

  return {
    /** By the cookie. At once when cookie and rows are known. */
    admit(request: Pick<IncomingMessage, 'headers' | 'socket'>, key: WorkspaceKey): Verdict | Promise<Verdict> {
      const at = now();
      const pass = passes.find(request, key, at);
      return pass instanceof Promise ? pass.then((found) => known(found, at)) : known(pass, at);
    },

    /** By a grant, once: it opens the one server it names. */
    async enter(text: string, key: WorkspaceKey): Promise<Verdict> {
      const grant = await verifyGrant(text, keys, new Date(now()));
      if (!grant || grant.key !== key) return out(noPass());
      const asking = askingOf(grant);
      try {
        for (const since = now(); ; ) {
          const admission = await routes.fresh(asking);
          const decision = decideEntry(grant, admission);
          if (decision === 'enter' && admission.state === 'admitted' && typeof admission.server === 'object') {
            const cookie = setCookie(await passes.renew(asking, admission.server.ref, now()), PASS_SECONDS);
            return { state: 'in', asking, rights: admission.rights, target: admission.server, cookie };
          }
          if (decision === 'refuse') return out(forbidden(admission.state === 'refused' ? ended[admission.why] : 'That server is gone. Open the lesson again.'));
          if (now() - since > MARK_WAIT_MS) return out(noServer());
          await new Promise((resolve) => setTimeout(resolve, MARK_LOOK_MS));
        }
      } catch {
        return out(databaseAway());
      }
    },
  };
}

export type Gate = ReturnType<typeof makeGate>;
