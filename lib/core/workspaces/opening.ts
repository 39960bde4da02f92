import { signGrant, type GrantKeys } from '../auth/grant.ts';
import type { Bus } from '../bus.ts';
import type { makeLessonAccess } from '../courses/access.ts';
import type { CourseStore } from '../courses/course.ts';
import { ok, refuse, UpstreamError, type Outcome } from '../errors.ts';
import type { LessonId, WorkspaceId } from '../ids.ts';
import type { Access, Jupyter, PutBackResult } from '../servers/jupyter.ts';
import { heardOf, type Servers } from '../servers/open.ts';
import { accessTo, type ServerKeys } from '../servers/secrets.ts';
import type { RunningServer, Server } from '../servers/server.ts';
import type { ServerRequests } from '../servers/store.ts';
import type { EnterReply, Entry, OpenReply } from '../servers/view.ts';
import type { Actor } from '../users/actor.ts';
import { soon } from '../waiting.ts';
import { notebookOrigin } from './origin.ts';
import { ownWorkspace } from './own.ts';
import { isNotebook, parsePath } from './path.ts';
import { isBehind, putBackOrder, type PutBack } from './put-back.ts';
import { seed } from './seed.ts';
import { megabytes } from './size.ts';
import type { Workspace, WorkspaceStore } from './store.ts';

type Deps = {
  site: { site: URL; notebookDomain: string };
  keys: GrantKeys & ServerKeys;
  lessons: Pick<ReturnType<typeof makeLessonAccess>, 'byId'>;
  courses: Pick<CourseStore, 'role' | 'setProgress'>;
  workspaces: WorkspaceStore;
  servers: Servers;
  store: Pick<ServerRequests, 'of'>;
  jupyter: Jupyter;
  putBack: PutBack;
  bus: Bus;
  now: () => Date;
  /** Told what went wrong behind an answer that was already given. */
  onBackground: (error: unknown, doing: string) => void;
};

/** How long `enter` waits for a server that is nearly there; after that the browser hears of it by its event stream. */
const ENTER_WAIT_MS = 2_000;
/** How long `open` waits for the notebook to be ready on a server that is: longer than it takes, unless there is much to put there. */
const ENTRY_WAIT_MS = 1_000;

/** How long `enter` waits for the notebook; after that the browser asks again, and the preparing goes on. */
const PREPARED_WAIT_MS = 10_000;

const notAnswering = refuse({ code: 'unavailable', say: 'Your server does not answer. Your saved work is safe. If it stays so the server is stopped by itself; or stop it, and open the lesson again.' });

type Session = { sessionId: string; kernelId: string; notice?: string };
type Enterable = RunningServer & { markedAt: Date };

const isEnterable = (server: Server | undefined): server is Enterable => server?.state === 'running' && server.desired === 'run' && server.markedAt !== undefined;
const isComing = (server: Server | undefined) => server?.desired === 'run' && (server.state === 'requested' || server.state === 'starting' || server.state === 'running');

/** From the click on a lesson to a browser that may enter its server. */
export function makeOpening(deps: Deps) {
  const { site, keys, lessons, courses, workspaces, servers, store, jupyter, putBack, bus, now, onBackground } = deps;
  const preparing = makeShared<Session>();
  const filling = makeShared<void>();

  const background = (work: Promise<unknown>, doing: string) => void work.catch((error: unknown) => onBackground(error, doing));

  /**
   * Puts what the notebook needs on the disk and opens its one session there. In the order of these two, since the kernel
   * moves into the notebook's folder; under the lock of all these paths, since of two tabs one must do it.
   */
  async function prepare(workspace: Workspace, server: Enterable, path: string): Promise<Session> {
    let refused: PutBackResult['refused'] = [];
    const [access, files, manifest, known] = await Promise.all([
      accessTo(jupyter, keys, server),
      workspaces.files(workspace.id),
      workspaces.manifest(server.ref.id),
      workspaces.session(server.ref.id, path),
    ]);
    const { first, rest } = putBackOrder(files, manifest, path);
    const open = async () => {
      const session = await jupyter.openSession(access, path);
      if (session.sessionId !== known?.sessionId || session.kernelId !== known.kernelId) await workspaces.setSession(access.ref.id, path, session);
      return session;
    };
    const session =
      first.length === 0 && known
        ? await open()
        : await workspaces.serialised(workspace.id, [...new Set([path, ...first.map((file) => file.path)])], async () => {
            refused = await putBack.putLocked(access, workspace.id, first.map((file) => file.path));
            return open();
          });
    if (rest.some((file) => isBehind(file, manifest))) background(filling(access.ref.id, () => putBack.putRest(access, workspace.id, path)), 'put back the rest');
    const notice = await fullDisk(access, refused);
    return { ...session, ...(notice && { notice }) };
  }

  /** What its owner must know of a server that had no room for the lesson's files. Code runs there all the same, and can make room. */
  async function fullDisk(access: Access, refused: PutBackResult['refused']): Promise<string | undefined> {
    const without = refused.filter(({ why }) => why === 'disk-full').map(({ path }) => path);
    if (without.length === 0) return undefined;
    const { diskUsedBytes, diskSizeBytes } = await jupyter.status(access);
    const names = without.length > 3 ? [...without.slice(0, 2), `${without.length - 2} others`] : without;
    return `The disk of your server is full: ${megabytes(diskUsedBytes)} of ${megabytes(diskSizeBytes)} are used, and there was no room for ${names.join(', ')}. Your saved files are safe. Delete files on the server, or stop it and open the lesson again.`;
  }

  /** One preparation of a notebook on a server at a time in this process; later ones share it. */
  const prepared = (workspace: Workspace, server: Enterable, path: string) =>
    preparing(`${server.ref.id} ${path}`, () => prepare(workspace, server, path));

  async function entryTo(actor: Actor, workspace: Workspace, server: Enterable, path: string): Promise<Entry> {
    const session = await prepared(workspace, server, path);
    const { ref } = server;
    const grant = await signGrant({ sid: actor.session, sub: actor.id, wsp: workspace.id, key: workspace.key, srv: ref.id, gen: ref.generation }, keys, now());
    return { origin: notebookOrigin(site, workspace.key), grant, ...session, server: { id: ref.id, generation: ref.generation } };
  }

  /** The entry, where it is ready within a moment. What fails or takes longer is for `enter` to say. */
  async function entrySoon(actor: Actor, workspace: Workspace, path: string): Promise<Entry | undefined> {
    const running = await store.of(workspace.id);
    if (!isEnterable(running)) return undefined;
    const entry = entryTo(actor, workspace, running, path);
    background(entry, 'prepare ahead');
    return soon(ENTRY_WAIT_MS, entry.catch(() => undefined));
  }

  return {
    /**
     * Makes the workspace and the lesson's files where missing, claims or asks for a server, and prepares one that is
     * ready. Safe to call from several tabs at once.
     */
    async open(actor: Actor, lessonId: LessonId): Promise<Outcome<OpenReply>> {
      const lesson = await lessons.byId(actor, lessonId);
      if (!lesson.ok) return lesson;
      const { path, course, id } = lesson.value;
      const workspace = await workspaces.open(actor.id, course.id);
      const [server] = await Promise.all([servers.open(workspace.id, actor.id), seed(workspaces, workspace.id, lesson.value)]);
      background(courses.setProgress(actor.id, id, 'opened'), 'note progress');
      const reply = { workspace: { id: workspace.id, key: workspace.key, origin: notebookOrigin(site, workspace.key) }, path };
      if (!server.ok) return ok({ ...reply, server: await servers.view(workspace.id), refused: server.refusal.say });
      const entry = server.value.state === 'ready' ? await entrySoon(actor, workspace, path) : undefined;
      return ok({ ...reply, server: server.value, ...(entry && { entry }) });
    },

    /** Gives the browser its way in once the notebook is ready to be run; else says what is being waited for. */
    async enter(actor: Actor, workspaceId: WorkspaceId, rawPath: string): Promise<Outcome<EnterReply>> {
      const parsed = parsePath(rawPath);
      if (!parsed.ok) return parsed;
      const path = parsed.value;
      if (!isNotebook(path)) return refuse({ code: 'invalid', say: 'Only notebooks can be run.' });
      const own = await ownWorkspace({ workspaces, courses }, actor, workspaceId);
      if (!own.ok) return own;
      const workspace = own.value;
      const [file, server] = await Promise.all([workspaces.file(workspace.id, path), waitForServer(workspace.id)]);
      if (file?.kind !== 'file') return refuse({ code: 'not_found', say: 'There is no such notebook.' });
      if (!isEnterable(server)) return ok({ state: 'waiting', server: await servers.view(workspace.id) });

      const entering = entryTo(actor, workspace, server, path);
      try {
        const entry = await soon(PREPARED_WAIT_MS, entering);
        if (entry) return ok({ state: 'entered', ...entry });
        background(entering, 'prepare');
        return ok({ state: 'waiting', server: await servers.view(workspace.id) });
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.system !== 'jupyter') throw error;
        onBackground(error, 'enter');
        return notAnswering;
      }
    },
  };

  async function waitForServer(workspace: WorkspaceId): Promise<Server | undefined> {
    let server = await store.of(workspace);
    if (isEnterable(server) || !isComing(server)) return server;
    const heard = heardOf(bus, workspace, ENTER_WAIT_MS);
    try {
      await heard.until(async () => {
        server = await store.of(workspace);
        return isEnterable(server) || !isComing(server);
      });
    } finally {
      heard.end();
    }
    return server;
  }
}

export type Opening = ReturnType<typeof makeOpening>;

/** Work under a key that is under way is shared by whoever asks meanwhile. */
function makeShared<T>() {
  const running = new Map<string, Promise<T>>();
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const shared = running.get(key) ?? work().finally(() => running.delete(key));
    running.set(key, shared);
    return shared;
  };
}
