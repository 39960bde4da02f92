import type { LessonId } from '../../../lib/core/ids.ts';
import type { Entry, ServerView } from '../../../lib/core/servers/view.ts';
import { enterWorkspace, tellKernel, type Answer } from '../session/api.client.ts';
import type { EarlySocket } from './early-socket.client.ts';
import { onSiteEvent } from './events.client.ts';
import type { KernelLink } from './kernel.client.ts';
import { goIn, takeOpening } from './opening.client.ts';
import { nextSession, workspaceOf, type Entered, type Session, type SessionEvent, type WorkspaceAt } from '../session/session.ts';

type Hooks = {
  changed(session: Session): void;
  /** The workspace is known: its notebook can be read and saved. `server` is how its server stood then. */
  workspace(at: WorkspaceAt, server: ServerView): void;
  /** The browser is in the server. `renewed`: not the one, or not the kernel, it was in before. */
  entered(renewed: boolean): void;
  /** What the kernel says from now on is heard; what it said before is in the output log. */
  listening(at: Entered): void;
  /** Executions may be handed over. */
  linked(link: KernelLink): void;
  /** Whatever was running is now followed by the output log only, or over. */
  lost(): void;
  foreign(): void;
};

const unreachable = 'The site cannot be reached. Your work is kept in this browser; run a cell to try again.';

/** The longest pause between two tries, on average: who is back is back for its pages within 5 s (F7), the way in included. In milliseconds. */
const longestMs = 2_500;

const load = () => void import('./kernel.client.ts');

/** Reaches the lesson's kernel and keeps reaching it: open, wait, enter, connect, and again after each loss. */
export function makeConnection(lesson: LessonId, hooks: Hooks) {
  let session: Session = { state: 'closed' };
  /** The connection there is, and the same once it is open: only then is anything handed to it. */
  let connection: KernelLink | undefined;
  let link: KernelLink | undefined;
  let early: EarlySocket | undefined;
  let wanted = false;
  let losses = 0;
  let last: Entered | undefined;
  let reaching: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  let closed = false;

  function dispatch(event: SessionEvent) {
    const next = nextSession(session, event);
    if (next === session) return;
    const before = session;
    session = next;
    if (next.state === 'ended' || next.state === 'signed-out' || next.state === 'refused') drop();
    hooks.changed(next);
    if (before.state === 'waiting' && next.state !== 'waiting') wake?.();
  }

  function disconnect() {
    const had = connection;
    connection = link = undefined;
    had?.close();
    if (had) hooks.lost();
  }

  function drop() {
    disconnect();
    early?.close();
    wake?.();
  }

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const refused = (answer: Exclude<Answer<unknown>, { state: 'ok' }>) => {
    if (answer.state === 'refused' && (answer.code === 'unauthenticated' || answer.code === '401')) dispatch({ kind: 'signed-out' });
    else dispatch({ kind: 'refused', say: answer.state === 'offline' ? unreachable : answer.say });
  };

  /** From nothing to inside the server. Ends in entered, ended, refused or signed-out. */
  async function reach() {
    dispatch({ kind: 'open' });
    const { answer: opened, inside } = await takeOpening(lesson);
    if (closed) {
      (await inside)?.close();
      return;
    }
    if (wanted) load();
    if (opened.state !== 'ok') return refused(opened);
    const at = { ...opened.value.workspace, path: opened.value.path };
    hooks.workspace(at, opened.value.server);
    if (opened.value.refused !== undefined) return dispatch({ kind: 'refused', say: opened.value.refused });
    dispatch({ kind: 'opened', workspace: at, server: opened.value.server });
    const { entry } = opened.value;
    const socket = await inside;
    if (entry && socket && session.state === 'entering') return arrive(at, entry, socket);
    socket?.close();
    await enter(at);
  }

  function arrive(at: WorkspaceAt, { origin, kernelId, sessionId, server, notice }: Entry, socket: EarlySocket) {
    if (closed) return socket.close();
    const place: Entered = { workspace: at, origin, kernelId, sessionId, server, notice };
    const renewed = last !== undefined && (last.kernelId !== kernelId || last.server.id !== server.id);
    last = place;
    early?.close();
    early = socket;
    dispatch({ kind: 'entered', at: place });
    hooks.entered(renewed);
    hooks.listening(place);
  }

  async function enter(at: WorkspaceAt) {
    for (let tries = 0; !closed && (session.state === 'waiting' || session.state === 'entering' || session.state === 'lost'); tries++) {
      // An event says when it is worth it; the wait is bounded, in case it was lost.
      if (session.state === 'waiting') await pause(3_000);
      const answer = await enterWorkspace(at);
      if (closed) return;
      if (answer.state === 'offline') {
        if (session.state === 'lost') dispatch({ kind: 'lost' });
        await pause(Math.min(longestMs, 250 * 2 ** tries) * (0.75 + Math.random() / 2));
        continue;
      }
      if (answer.state === 'refused') return refused(answer);
      if (answer.value.state === 'waiting') {
        const outlived = session.state === 'waiting' && session.server.state === 'stopping';
        if (outlived && (answer.value.server.state === 'none' || answer.value.server.state === 'ended')) return reach();
        if (answer.value.server.state === 'none') return dispatch({ kind: 'refused', say: 'Your server is gone. Run a cell to get a new one.' });
        dispatch({ kind: 'opened', workspace: at, server: answer.value.server });
        if (answer.value.server.state === 'ready') await pause(200);
        continue;
      }
      const socket = await goIn(answer.value);
      if (socket) return arrive(at, answer.value, socket);
      await pause(Math.min(longestMs, 250 * 2 ** tries));
    }
  }

  async function connect(at: Entered) {
    dispatch({ kind: 'connecting' });
    const { connectKernel } = await import('./kernel.client.ts');
    if (closed || connection || session.state !== 'connecting') return;
    const made = connectKernel(at.origin, at.kernelId, early, {
      connected(anew) {
        losses = 0;
        link = made;
        dispatch({ kind: 'connected' });
        if (anew) hooks.listening(at);
        hooks.linked(made);
      },
      lost() {
        connection = link = undefined;
        losses++;
        dispatch({ kind: 'lost' });
        hooks.lost();
        void pursue();
      },
      status: (status) => dispatch({ kind: 'kernel', status }),
      foreign: hooks.foreign,
    });
    connection = made;
  }

  /** One step towards the server, where there is one to take. */
  async function approach() {
    if (session.state === 'closed' || session.state === 'ended' || session.state === 'refused') return reach();
    if (session.state !== 'lost') return undefined;
    await pause(Math.min(longestMs, 75 * 2 ** losses) * (0.5 + Math.random()));
    return session.state === 'lost' ? enter(session.at.workspace) : undefined;
  }

  /** Brings the session as far as it is wanted. Only one at a time. */
  async function pursue(): Promise<void> {
    reaching ??= approach().finally(() => (reaching = undefined));
    await reaching;
    if (session.state === 'entered' && wanted) await connect(session.at);
  }

  const listen = () =>
    onSiteEvent((event) => {
      if (event.kind === 'server') {
        dispatch({ kind: 'server', workspace: event.workspace, server: event.server });
        if (session.state === 'waiting' && event.workspace === session.workspace.id) wake?.();
      }
      if (event.kind === 'signed-out') dispatch({ kind: 'signed-out' });
      else if (event.kind === 'listening') wake?.();
    });
  let stopEvents: (() => void) | undefined;

  return {
    session: () => session,
    link: () => link,
    /** Claims a server and enters it. Safe to call at any time. */
    open() {
      closed = false;
      stopEvents ??= listen();
      void pursue();
    },
    /** The same, and connects to the kernel. After the end of a server this asks for a new one. */
    want() {
      wanted = true;
      if (session.state === 'entered' && !reaching) void connect(session.at);
      else void pursue();
      // The library's chunk loads while the server is being reached; before it is known which, its coming would be in the way.
      if (session.state !== 'opening') load();
    },
    /** Somebody is about to run something: its code had better be here. */
    approach: load,
    /** Asks again whether there is still something to be told of the server. */
    async recheck() {
      const answer = 'at' in session ? await enterWorkspace(session.at.workspace) : undefined;
      if (answer?.state === 'ok' && answer.value.state === 'entered') dispatch({ kind: 'noticed', notice: answer.value.notice });
    },
    async interrupt() {
      if ('at' in session) await tellKernel(session.at.origin, session.at.kernelId, 'interrupt');
    },
    /** A fresh kernel in the same session: variables are gone, files stay. */
    async restart() {
      if (!('at' in session)) return;
      const { at } = session;
      disconnect();
      await tellKernel(at.origin, at.kernelId, 'restart');
      wanted = true;
      dispatch({ kind: 'entered', at });
      await connect(at);
    },
    workspace: () => workspaceOf(session),
    close() {
      closed = true;
      stopEvents?.();
      stopEvents = undefined;
      connection?.close();
      connection = link = undefined;
      early?.close();
      wake?.();
    },
  };
}

export type Connection = ReturnType<typeof makeConnection>;
