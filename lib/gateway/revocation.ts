import type { Bus } from '../core/bus.ts';
import type { Admission, Asking } from '../core/auth/access.ts';
import { POLICY } from './frames.ts';
import type { Routes } from './route.ts';
import type { Open } from './sockets.ts';

type Deps = { bus: Bus; routes: Routes; open: Iterable<Open>; now?: () => number; lookMs?: number };

/** The longest an open connection lives on rows that cannot be read anew: the life of a cookie. */
const HELD_MS = 10 * 60_000;
/** Rows read at once after a reset: enough to be done within a second, too few to drown a database that just came back. */
const AT_ONCE = 8;

/**
 * Cuts open sockets and answers whose right ended: at once when the bus says so, and at the next look when it could not. Only those
 * that an event is about are looked at; after a reset, all.
 */
export function watchRights({ bus, routes, open, now = Date.now, lookMs = 5_000 }: Deps): { stop(): void; check(asking: Asking): Promise<void> } {
  async function check(asking: Asking) {
    const mine = [...open].filter((one) => one.asking.sid === asking.sid && one.asking.wsp === asking.wsp);
    if (mine.length === 0) return;
    try {
      const admission = await routes.admit(asking);
      for (const one of mine) if (!mayStay(one, admission)) one.close(POLICY);
    } catch {
      // Nothing was ever read for them; they cannot be open.
    }
    if (now() - routes.readAt(asking.sid, asking.wsp) > HELD_MS) for (const one of mine) one.close(POLICY);
  }

  async function checkAll(about: (asking: Asking) => boolean) {
    const distinct = new Map<string, Asking>();
    for (const { asking } of open) if (about(asking)) distinct.set(`${asking.sid} ${asking.wsp}`, asking);
    const waiting = distinct.values();
    const work = async () => {
      for (const asking of waiting) await check(asking);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  const everyone = () => true;
  const unsubscribe = bus.subscribe(
    (event) => void checkAll(routes.drop(event)),
    () => {
      routes.dropAll();
      void checkAll(everyone);
    },
  );
  const timer = setInterval(() => void checkAll(everyone), lookMs);
  timer.unref();

  return {
    check,
    stop() {
      unsubscribe();
      clearInterval(timer);
    },
  };
}

function mayStay({ server, rights }: Open, admission: Admission): boolean {
  if (admission.state === 'refused' || typeof admission.server === 'string' || admission.rights !== rights) return false;
  return admission.server.ref.id === server.id && admission.server.ref.generation === server.generation;
}
