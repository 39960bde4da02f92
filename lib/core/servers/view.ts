import type { ServerId, WorkspaceId, WorkspaceKey } from '../ids.ts';
import type { Unkept } from '../workspaces/unkept.ts';
import type { EndReason } from './reason.ts';
import type { Stage } from './server.ts';

/** What a browser is told of a workspace's server: no addresses, no instances. Texts are ready to be shown. */
export type ServerView =
  | { state: 'none' }
  | { state: 'waiting'; id: ServerId; stage: Stage; say: string; place?: number; estimateMs?: number }
  | { state: 'ready'; id: ServerId; generation: number; /** Set when it will be stopped for idleness unless kept. */ endsAt?: string; /** It ends then for its age: keeping it does not help. */ isOld?: boolean; /** Files on it that cannot be kept. */ unkept?: Unkept[] }
  | { state: 'stopping'; id: ServerId; say: string }
  | { state: 'ended'; id: ServerId; reason: EndReason; say: string };

/**
 * A server that may be entered: the notebook's session there, and the grant with which the browser enters the notebook
 * origin (`lectern.grant.<grant>` among the protocols of the kernel's socket). `notice`: something its owner must be told although all may go on, such as a full disk.
 */
export type Entry = { origin: string; grant: string; sessionId: string; kernelId: string; server: { id: ServerId; generation: number }; notice?: string };

/**
 * `POST /api/lessons/<lessonId>/open`: makes the workspace and the lesson's files where missing, and claims or requests a
 * server. With `entry` where one was ready within a moment, which saves the browser asking for it by itself.
 * `refused`: why there is none for now. The notebook can be read and saved all the same.
 * The entry's JSON, URI-encoded, is in the header `lectern-entry` too.
 */
export type OpenReply = { workspace: { id: WorkspaceId; key: WorkspaceKey; origin: string }; path: string; server: ServerView; entry?: Entry; refused?: string };

export const entryHeader = 'lectern-entry';

/** `POST /api/workspaces/<id>/enter` `{ path }`: once the server is ready, puts the lesson's files on it and opens the notebook's session. */
export type EnterReply = ({ state: 'entered' } & Entry) | { state: 'waiting'; server: ServerView };

/** Pushed by `GET /api/events` (server-sent events, `data:` is this as JSON). */
export type SiteEvent =
  | { kind: 'server'; workspace: WorkspaceId; server: ServerView }
  | { kind: 'notebook'; workspace: WorkspaceId; path: string; revision: number; editor: 'page' | 'lab' }
  | { kind: 'signed-out' };
