import type { ServerId, UserId, WorkspaceId } from '../ids.ts';
import type { Unkept } from '../workspaces/unkept.ts';
import type { LastServed, Waiting } from './queue.ts';
import type { EndReason } from './reason.ts';
import type { Activity, Profile, RunningServer, Server, ServerRef } from './server.ts';
import type { Address, ServerState, Stage } from './server.ts';

/** Fences the controller's writes: a write whose epoch is not the lease's current one changes nothing. */
export type Epoch = bigint;

/** One observed move: written only if the row is still in `from`, with this generation, under this epoch. */
export type Move =
  | { to: 'warming' | 'starting'; stage: Stage }
  | { to: 'warm'; address: Address; instance: string }
  /** For one that was marked as somebody's just before. */
  | { to: 'running'; address: Address; instance: string }
  | { to: 'requested'; retryAt: Date; attempts: number }
  | { to: 'stopping'; reason: EndReason }
  | { to: 'stopped' | 'failed'; reason: EndReason };

/** What requests (web) may do. */
export interface ServerRequests {
  /** The live server of the workspace, else its last ended one, else none. */
  of(workspace: WorkspaceId): Promise<Server | undefined>;
  /**
   * Takes a warm server of the profile for the workspace in one statement. 'none' when the pool is empty or others wait
   * for it in the queue, 'taken' when the workspace already has a live one (the loser re-reads).
   */
  claimWarm(workspace: WorkspaceId, profile: string): Promise<RunningServer | 'none' | 'taken'>;
  /** Writes the wish for a cold server; 'taken' when the workspace already has a live one. */
  request(workspace: WorkspaceId, profile: string): Promise<Server | 'taken'>;
  /** The name of the profile that the workspace's course has chosen; none where it has chosen none. */
  profileOf(workspace: WorkspaceId): Promise<string | undefined>;
  /** Writes desired = stop with its reason. Stopping what has ended changes nothing. */
  wantStopped(server: ServerId, reason: EndReason): Promise<void>;
  /** The owner answered the warning: not idle from now. */
  keep(server: ServerId): Promise<void>;
  /** What the last snapshot of the running server could not keep; its owner is told when that changes. */
  setUnkept(server: ServerRef, unkept: Unkept[]): Promise<void>;
  /** How many live servers the user has, over all workspaces. */
  countLive(user: UserId): Promise<number>;
  /** Those servers, oldest first, with the course each belongs to: what a person at the limit may stop. */
  liveOf(user: UserId): Promise<{ id: ServerId; workspace: WorkspaceId; course: { slug: string; title: string } }[]>;
  /** Whether servers have no sandbox, by the word of whoever leads, and somebody else has a live one. */
  sharesUnsandboxed(user: UserId): Promise<boolean>;
  /** Place in the queue (1 is next) and an estimate in milliseconds from how fast servers have become ready; none when not queued. */
  place(server: ServerId): Promise<{ place: number; estimateMs?: number } | undefined>;
}

/** What the controller, the one leader, may do besides. */
export interface ServerStore extends ServerRequests {
  /** Every row that has not ended. */
  live(): Promise<Server[]>;
  find(ref: ServerRef): Promise<Server | undefined>;
  byId(id: ServerId): Promise<Server | undefined>;
  /** Requested servers that may be started, in no order, and when each course last had one let start. */
  queue(): Promise<{ waiting: Waiting[]; lastServed: LastServed }>;
  addWarming(profile: Profile, epoch: Epoch): Promise<Server | 'fenced'>;
  move(ref: ServerRef, from: ServerState, move: Move, epoch: Epoch): Promise<boolean>;
  /** Gives a warm server to the workspace of a requested one, which ends as surplus: one statement, both or neither. */
  handOver(requested: ServerRef, warm: ServerRef, epoch: Epoch): Promise<boolean>;
  setMarked(ref: ServerRef, epoch: Epoch): Promise<boolean>;
  /** A key that is present and undefined clears that time. */
  setActivity(ref: ServerRef, activity: Partial<Activity> & { memoryBytes?: number }, epoch: Epoch): Promise<boolean>;
}
