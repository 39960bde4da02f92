import type { BusEvent } from '../core/bus.ts';
import { askingOf, decideAdmission, type Admission, type Asking, type GatewayRows } from '../core/auth/access.ts';
import type { SessionId, WorkspaceId } from '../core/ids.ts';

/** One sign-in in one workspace: what the rows said when they were last read. */
export type Route = {
  readonly asking: Asking;
  admission?: Admission;
  readAt: number;
  usedAt: number;
  /** Something changed since, or may have. */
  stale: boolean;
  reading?: Promise<Admission>;
};

type Deps = { rows: GatewayRows; now?: () => number; onError?: (error: unknown) => void };

/** However silent the bus is, no row is believed for longer. */
const BELIEVED_MS = 60_000;
/** A server that is not there yet is looked for again soon. */
const ABSENT_MS = 1_000;
/** While the database is away it is asked this often, not once per request. */
const AWAY_MS = 2_000;
const UNUSED_MS = 15 * 60_000;

/**
 * The rows behind open notebooks, cached until the bus says that they changed. While the database cannot be reached, what
 * was read last holds; the caller bounds that by the cookie's end.
 */
export function makeRoutes({ rows, now = Date.now, onError }: Deps) {
  const routes = new Map<string, Route>();
  let awayUntil = 0;

  function routeOf(asking: Asking): Route {
    const id = `${asking.sid} ${asking.wsp}`;
    let route = routes.get(id);
    if (!route) routes.set(id, (route = { asking: askingOf(asking), readAt: 0, usedAt: now(), stale: true }));
    return route;
  }

  function isGood(route: Route, at: number): boolean {
    if (route.stale || !route.admission) return false;
    const absent = route.admission.state === 'admitted' && typeof route.admission.server === 'string';
    return at - route.readAt < (absent ? ABSENT_MS : BELIEVED_MS);
  }

  async function read(route: Route): Promise<Admission> {
    try {
      do {
        route.stale = false;
        route.admission = decideAdmission(await rows.access(route.asking));
        // An event during the read may speak of something the read did not see yet.
      } while (route.stale);
      route.readAt = now();
      return route.admission;
    } catch (error) {
      route.stale = true;
      awayUntil = now() + AWAY_MS;
      onError?.(error);
      throw error;
    } finally {
      route.reading = undefined;
    }
  }

  /** From the database, whatever is cached. @throws UpstreamError when it cannot be reached */
  const fresh = (asking: Asking): Promise<Admission> => {
    const route = routeOf(asking);
    route.usedAt = now();
    return (route.reading ??= read(route));
  };

  return {
    fresh,

    /** At once when the cache knows. @throws UpstreamError when the database cannot be reached and was never asked */
    admit(asking: Asking): Admission | Promise<Admission> {
      const route = routeOf(asking);
      const at = now();
      route.usedAt = at;
      if (isGood(route, at)) return route.admission!;
      const held = route.admission;
      if (held && at < awayUntil) return held;
      return (route.reading ??= read(route)).catch((error: unknown) => {
        if (held) return held;
        throw error;
      });
    },

    /** When the rows were last read; 0 when never. */
    readAt: (sid: SessionId, wsp: WorkspaceId) => routes.get(`${sid} ${wsp}`)?.readAt ?? 0,

    /** Whether the database did not answer a moment ago. */
    isAway: () => now() < awayUntil,

    /** @returns what the event is about, to be looked at again */
    drop(event: BusEvent): (asking: Asking) => boolean {
      const about = isAbout(event, routes);
      for (const route of routes.values()) {
        if (!about(route.asking)) continue;
        route.stale = true;
        if (event.kind === 'session-ended') route.admission = { state: 'refused', why: 'signed-out' };
      }
      return about;
    },

    dropAll() {
      awayUntil = 0;
      for (const route of routes.values()) route.stale = true;
    },

    /** After a connection to its server failed. */
    doubt(asking: Asking) {
      routeOf(asking).stale = true;
    },

    /** Forgets what nobody used for a while. @param isOpen whether a socket still stands on it */
    sweep(isOpen: (asking: Asking) => boolean) {
      for (const [id, route] of routes) {
        if (now() - route.usedAt > UNUSED_MS && !isOpen(route.asking)) routes.delete(id);
      }
    },

    get size() {
      return routes.size;
    },
  };
}

export type Routes = ReturnType<typeof makeRoutes>;

function isAbout(event: BusEvent, routes: Map<string, Route>): (asking: Asking) => boolean {
  switch (event.kind) {
    case 'session-ended':
      return ({ sid }) => sid === event.session;
    case 'user-changed':
      return ({ sub }) => sub === event.user;
    case 'server': {
      // A server that ended may no longer say whose it was.
      const workspaces = new Set<WorkspaceId>(event.workspace ? [event.workspace] : []);
      for (const { asking, admission } of routes.values()) {
        if (admission?.state === 'admitted' && typeof admission.server === 'object' && admission.server.ref.id === event.id) workspaces.add(asking.wsp);
      }
      return ({ wsp }) => workspaces.has(wsp);
    }
    case 'notebook':
      return () => false;
  }
}
