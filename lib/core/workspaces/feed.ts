import type { Bus } from '../bus.ts';
import type { UserId, WorkspaceId } from '../ids.ts';
import type { Servers } from '../servers/open.ts';
import type { SiteEvent } from '../servers/view.ts';
import type { Actor } from '../users/actor.ts';
import type { SessionStore } from '../users/sessions.ts';
import type { WorkspaceStore } from './store.ts';

/** One browser that listens. */
export type Listener = { actor: Actor; send(event: SiteEvent): void; end(): void };

type Deps = {
  bus: Bus;
  workspaces: Pick<WorkspaceStore, 'find' | 'ofUser' | 'file' | 'editor' | 'inLab'>;
  servers: Pick<Servers, 'view'>;
  sessions: Pick<SessionStore, 'actor'>;
  onError: (error: unknown) => void;
  /** How often places in the queue and JupyterLab's saves are looked at; they are never announced. */
  tickMs?: number;
};

/** A browser has one stream and a reload may overlap it; more than this is a mistake or worse, and the oldest gives way. */
const STREAMS_PER_USER = 12;
const SESSION_CHECK_MS = 60_000;
const OWNERS = 10_000;

/**
 * What happens to people's own servers and notebooks, pushed to each of their browsers and to nobody else's. One
 * subscription and one clock serve every browser of this process; both stop with the last of them.
 */
export function makeFeed({ bus, workspaces, servers, sessions, onError, tickMs = 2_000 }: Deps) {
  /** What each browser was last told of a thing, so that it is told changes only. */
  const streams = new Map<UserId, Map<Listener, Map<string, string>>>();
  const owners = new Map<WorkspaceId, UserId>();
  /** Servers whose view changes without an announcement, or could not be read when it did. */
  const unsettled = new Set<WorkspaceId>();
  const reading = new Map<WorkspaceId, 'once' | 'again'>();
  let stop: (() => void) | undefined;

  const inBackground = (work: Promise<unknown>) => void work.catch(onError);

  function send(listener: Listener, told: Map<string, string>, event: Exclude<SiteEvent, { kind: 'signed-out' }>): void {
    const about = event.kind === 'server' ? `server ${event.workspace}` : `notebook ${event.workspace} ${event.path}`;
    const text = JSON.stringify(event);
    if (told.get(about) === text) return;
    told.set(about, text);
    listener.send(event);
  }

  function tell(user: UserId, event: Exclude<SiteEvent, { kind: 'signed-out' }>): void {
    for (const [listener, told] of streams.get(user) ?? []) send(listener, told, event);
  }

  function drop(listener: Listener): void {
    const own = streams.get(listener.actor.id);
    if (!own?.delete(listener)) return;
    if (own.size === 0) streams.delete(listener.actor.id);
    if (streams.size > 0) return;
    stop?.();
    stop = undefined;
    unsettled.clear();
  }

  function signOut(listener: Listener): void {
    drop(listener);
    listener.send({ kind: 'signed-out' });
    listener.end();
  }

  async function ownerOf(workspace: WorkspaceId): Promise<UserId | undefined> {
    const known = owners.get(workspace) ?? (await workspaces.find(workspace))?.user;
    if (known && owners.size >= OWNERS) owners.delete(owners.keys().next().value!);
    if (known) owners.set(workspace, known);
    return known;
  }

  async function viewOf(workspace: WorkspaceId): Promise<SiteEvent & { kind: 'server' }> {
    const server = await servers.view(workspace);
    if (server.state === 'waiting') unsettled.add(workspace);
    else unsettled.delete(workspace);
    return { kind: 'server', workspace, server };
  }

  /** Announcements that come while one is being looked at are answered by one more look. */
  async function refresh(workspace: WorkspaceId): Promise<void> {
    if (reading.has(workspace)) return void reading.set(workspace, 'again');
    try {
      do {
        reading.set(workspace, 'once');
        const owner = await ownerOf(workspace);
        if (!owner || !streams.has(owner)) return;
        unsettled.add(workspace);
        tell(owner, await viewOf(workspace));
      } while (reading.get(workspace) === 'again');
    } finally {
      reading.delete(workspace);
    }
  }

  async function refreshNotebook(workspace: WorkspaceId, path: string): Promise<void> {
    const owner = await ownerOf(workspace);
    if (!owner || !streams.has(owner)) return;
    const [file, editor] = await Promise.all([workspaces.file(workspace, path), workspaces.editor(workspace, path)]);
    if (file) tell(owner, { kind: 'notebook', workspace, path, revision: file.revision, editor });
  }

  async function checkSession(listener: Listener): Promise<boolean> {
    if (await sessions.actor(listener.actor.session)) return true;
    signOut(listener);
    return false;
  }

  /** Everything a browser should know now. */
  async function present(listener: Listener): Promise<void> {
    const [own, lab] = await Promise.all([workspaces.ofUser(listener.actor.id), workspaces.inLab([listener.actor.id])]);
    for (const { id, user } of own) owners.set(id, user);
    const views = await Promise.all(own.map(({ id }) => viewOf(id)));
    const told = streams.get(listener.actor.id)?.get(listener);
    if (!told) return;
    for (const view of views) if (view.server.state !== 'none') send(listener, told, view);
    for (const { workspace, path, revision } of lab) send(listener, told, { kind: 'notebook', workspace, path, revision, editor: 'lab' });
  }

  let closed = false;
  const all = () => [...streams.values()].flatMap((own) => [...own.keys()]);

  function start(): () => void {
    const unsubscribe = bus.subscribe(
      (event) => {
        if (event.kind === 'server' && event.workspace) inBackground(refresh(event.workspace));
        if (event.kind === 'notebook') inBackground(refreshNotebook(event.workspace, event.path));
        if (event.kind === 'session-ended') all().filter(({ actor }) => actor.session === event.session).forEach(signOut);
        if (event.kind === 'user-changed') for (const listener of [...(streams.get(event.user)?.keys() ?? [])]) inBackground(checkSession(listener));
      },
      // Announcements may have been missed: one browser after the other, so that a restart of the database is no storm.
      () => inBackground(inTurn(all(), async (listener) => ((await checkSession(listener)) ? present(listener) : undefined))),
    );
    let checked = performance.now();
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      inBackground(tick().finally(() => (busy = false)));
    }, tickMs);
    async function tick() {
      await Promise.all([...unsettled].map(refresh));
      for (const { user, ...notebook } of await workspaces.inLab([...streams.keys()])) tell(user, { kind: 'notebook', ...notebook, editor: 'lab' });
      if (performance.now() - checked < SESSION_CHECK_MS) return;
      checked = performance.now();
      await inTurn(all(), checkSession);
    }
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }

  return {
    /**
     * Sends the state of things now and then every change, until the returned function is called or the sign-in ends.
     */
    listen(listener: Listener): () => void {
      if (closed) {
        // Not before the caller has what it needs to hear of it.
        queueMicrotask(() => listener.end());
        return () => undefined;
      }
      const own = streams.get(listener.actor.id) ?? new Map<Listener, Map<string, string>>();
      streams.set(listener.actor.id, own.set(listener, new Map()));
      stop ??= start();
      const [oldest] = own.keys();
      if (own.size > STREAMS_PER_USER && oldest) {
        drop(oldest);
        oldest.end();
      }
      // The sign-in may have ended between the request and this line.
      inBackground(checkSession(listener).then((alive) => (alive ? present(listener) : undefined)));
      return () => drop(listener);
    },
    /**
     * Ends every stream, so that the program can end. One that comes after it, over a connection that still stands, ends as it
     * begins; the browser asks again and reaches another program.
     */
    close(): void {
      closed = true;
      for (const listener of all()) {
        drop(listener);
        listener.end();
      }
    },
  };
}

export type Feed = ReturnType<typeof makeFeed>;

async function inTurn<T>(items: T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) await work(item);
}
