import type { ServerId, WorkspaceId } from '../../../lib/core/ids.ts';
import type { OpenReply, ServerView } from '../../../lib/core/servers/view.ts';

export type WorkspaceAt = OpenReply['workspace'] & { path: string };

/** Where the notebook's kernel is. The browser may already speak to its origin: the cookie is set. */
export type Entered = { workspace: WorkspaceAt; origin: string; kernelId: string; sessionId: string; server: { id: ServerId; generation: number }; /** What its owner must know of it, such as a full disk. */ notice?: string };

export type KernelStatus = 'starting' | 'idle' | 'busy' | 'restarting';

/** The way from a lesson page to its kernel. Each state carries what is true in it. */
export type Session =
  | { state: 'closed' }
  | { state: 'opening' }
  | { state: 'waiting'; workspace: WorkspaceAt; server: ServerView }
  | { state: 'entering'; workspace: WorkspaceAt }
  /** In the server, and nothing has needed the kernel's socket yet. */
  | { state: 'entered'; at: Entered }
  | { state: 'connecting'; at: Entered }
  | { state: 'connected'; at: Entered; kernel: KernelStatus }
  /** The socket was lost, the server perhaps not. */
  | { state: 'lost'; at: Entered; attempt: number }
  /** The server is gone, or never came: the next run asks for a new one. */
  | { state: 'ended'; workspace: WorkspaceAt; say: string; ran: boolean }
  | { state: 'refused'; say: string }
  | { state: 'signed-out' };

export type SessionEvent =
  | { kind: 'open' }
  | { kind: 'opened'; workspace: WorkspaceAt; server: ServerView }
  | { kind: 'entered'; at: Entered }
  | { kind: 'connecting' }
  | { kind: 'connected' }
  | { kind: 'kernel'; status: KernelStatus }
  | { kind: 'lost' }
  | { kind: 'noticed'; notice: string | undefined }
  | { kind: 'refused'; say: string }
  | { kind: 'server'; workspace: WorkspaceId; server: ServerView }
  | { kind: 'signed-out' };

/** What the session is after an event. An event that says nothing new, or comes too late, leaves the very same object. */
export function nextSession(session: Session, event: SessionEvent): Session {
  if (session.state === 'signed-out') return session;
  switch (event.kind) {
    case 'open':
      return session.state === 'closed' || session.state === 'ended' || session.state === 'refused' ? { state: 'opening' } : session;
    case 'opened':
      return session.state === 'opening' || session.state === 'waiting' || session.state === 'lost' ? afterOpen(session, event.workspace, event.server) : session;
    case 'entered':
      return { state: 'entered', at: event.at };
    case 'connecting':
      return session.state === 'entered' || session.state === 'lost' ? { state: 'connecting', at: session.at } : session;
    case 'connected':
      return session.state === 'connecting' || session.state === 'lost' ? { state: 'connected', at: session.at, kernel: 'starting' } : session;
    case 'kernel':
      return session.state === 'connected' && session.kernel !== event.status ? { ...session, kernel: event.status } : session;
    case 'lost':
      if (session.state === 'connected' || session.state === 'connecting') return { state: 'lost', at: session.at, attempt: 1 };
      return session.state === 'lost' ? { ...session, attempt: session.attempt + 1 } : session;
    case 'noticed':
      return 'at' in session ? { ...session, at: { ...session.at, notice: event.notice } } : session;
    case 'refused':
      return { state: 'refused', say: event.say };
    case 'server':
      return afterServer(session, event.workspace, event.server);
    case 'signed-out':
      return { state: 'signed-out' };
  }
}

const afterOpen = (session: Session, workspace: WorkspaceAt, server: ServerView): Session => {
  if (server.state === 'ready') return { state: 'entering', workspace };
  if (server.state === 'ended') return { state: 'ended', workspace, say: server.say, ran: session.state === 'lost' };
  return { state: 'waiting', workspace, server };
};

/** The workspace of a session that has one. */
export function workspaceOf(session: Session): WorkspaceAt | undefined {
  if ('workspace' in session) return session.workspace;
  return 'at' in session ? session.at.workspace : undefined;
}

function afterServer(session: Session, workspace: WorkspaceId, server: ServerView): Session {
  const mine = workspaceOf(session);
  if (mine?.id !== workspace) return session;
  const other = 'at' in session && 'id' in server && server.id !== session.at.server.id;
  switch (server.state) {
    case 'none':
      return session;
    case 'waiting':
      // Another tab asked for a new server; this page joins when it next runs something.
      return session.state === 'waiting' || session.state === 'entering' ? { state: 'waiting', workspace: mine, server } : session;
    case 'ready':
      return session.state === 'waiting' ? { state: 'entering', workspace: mine } : session;
    case 'stopping':
    case 'ended':
      // Somebody pressed Run while the last server was on its way out: its end is what they wait for, not the end of their wait.
      if (session.state === 'waiting' && session.server.state === 'stopping') return session;
      // First that it stops, then why.
      if (session.state === 'ended') return server.state === 'ended' && session.say !== server.say ? { ...session, say: server.say } : session;
      if (other || session.state === 'refused') return session;
      return { state: 'ended', workspace: mine, say: server.say, ran: session.state !== 'waiting' };
  }
}
