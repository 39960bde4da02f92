import type { ServerId, WorkspaceId } from '../ids.ts';
import type { Unkept } from '../workspaces/unkept.ts';
import type { EndReason } from './reason.ts';
import type { Timetable } from './timetable.ts';

/** Names one server for ever: an id and the generation it was made with. */
export type ServerRef = { id: ServerId; generation: number };

/** Where a server listens. Only our own programs ever learn it. */
export type Address = { kind: 'unix'; path: string } | { kind: 'tcp'; host: string; port: number };

/** What a start is doing now, in the order they come; texts in lib/core/servers/stage.ts. `room` and `image` say what it waits for in vain so far. */
export type Stage = 'queued' | 'creating' | 'room' | 'image' | 'booting' | 'kernel' | 'files';

/**
 * One row of `server`. Each state carries exactly the facts that are true in it, so "running without an address" cannot be
 * written down. `warming` and `warm` belong to the pool; from `requested` and `running` on a workspace owns it.
 */
export type Server = { ref: ServerRef; profile: string; desired: 'run' | 'stop'; /** Set with `desired: 'stop'`. */ why?: EndReason; since: Date } & (
  | { state: 'warming'; stage: Stage; attempts: number; retryAt?: Date }
  | { state: 'warm'; address: Address; instance: string }
  | { state: 'requested'; workspace: WorkspaceId; attempts: number; retryAt?: Date }
  | { state: 'starting'; workspace: WorkspaceId; stage: Stage; attempts: number }
  | { state: 'running'; workspace: WorkspaceId; address: Address; instance: string; claimedAt: Date; markedAt?: Date; activity: Activity; /** What the last snapshot could not keep. */ unkept?: Unkept[] }
  | { state: 'stopping'; workspace?: WorkspaceId; reason: EndReason }
  | { state: 'stopped'; workspace?: WorkspaceId; reason: EndReason }
  | { state: 'failed'; workspace?: WorkspaceId; reason: EndReason }
);

/** `activeAt`: the last human input or execution. `busySince`: set while a kernel executes. */
export type Activity = { activeAt: Date; busySince?: Date; warnedAt?: Date; keptAt?: Date };

export type ServerState = Server['state'];
export type RunningServer = Extract<Server, { state: 'running' }>;

/** What a server is made from. Sizes in bytes, times in milliseconds. */
export type Profile = {
  name: string;
  cpus: number;
  memoryBytes: number;
  /** Of the home folder; `/tmp` has a quarter of it. */
  diskBytes: number;
  processes: number;
  lifetimeMs: number;
  idleMs: number;
  poolFloor: number;
  /** Classes for which more of them stand ready. */
  timetable?: Timetable;
  startDeadlineMs: number;
};

/** Every profile there is, the default first. */
export type Profiles = readonly [Profile, ...Profile[]];

/** The one of that name. What is made from a profile that is no more goes by the default, so that nobody is shut out. */
export const profileNamed = <P extends Profile>(profiles: readonly [P, ...P[]], name: string | undefined): P => profiles.find((profile) => profile.name === name) ?? profiles[0];
