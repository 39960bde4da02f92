import type { Shortage } from '../disk.ts';
import type { ServerId, UserId, WorkspaceId } from '../ids.ts';
import type { EndReason } from '../servers/reason.ts';
import type { ServerState, Stage } from '../servers/server.ts';
import type { Shortfall } from '../servers/shortfall.ts';
import type { SiteRole } from '../users/actor.ts';
import type { Email } from '../users/email.ts';

/** One server as admins see it. Times are milliseconds, worked out by the database's clock. */
export type ServerOverview = {
  id: ServerId;
  generation: number;
  profile: string;
  state: ServerState;
  stage?: Stage;
  stopping: boolean;
  /** None for a server of the pool. */
  workspace?: WorkspaceId;
  owner?: { id: UserId; name: string; email: string };
  course?: { slug: string; title: string };
  ageMs: number;
  /** Since it entered its state. */
  sinceMs: number;
  /** Set while it is somebody's: since the last sign of a person or a cell. */
  idleMs?: number;
  busy: boolean;
  memoryBytes?: number;
  /** Set once it stops or has ended. */
  reason?: EndReason;
};

export type PersonOverview = {
  id: UserId;
  name: string;
  email: string;
  role: SiteRole;
  verified: boolean;
  banned: boolean;
  createdAt: string;
  lastSeenAt?: string;
  liveServers: number;
};

/** One minute of the last hour. `startMs` is the median of the starts that ended in it. */
export type Minute = { at: string; queued: number; warm: number; running: number; starts: number; startMs?: number };

export type Overview = {
  servers: ServerOverview[];
  /** The newest that have ended, without those that were only too many: a pool has more of them than learners have ends. */
  ended: ServerOverview[];
  minutes: Minute[];
  /** What servers are not held to where they run. */
  shortfalls: Shortfall[];
  /** Set while the database's volume has too little room. */
  shortage?: Shortage;
  /** What servers can be made from, the default first. */
  profiles: { name: string; title: string }[];
};

/** What the admin pages read. Nothing decides by it. */
export interface AdminRows {
  live(): Promise<ServerOverview[]>;
  ended(limit: number): Promise<ServerOverview[]>;
  minutes(count: number): Promise<Minute[]>;
  /** As the controller that leads, or led last, has reported. */
  shortfalls(): Promise<Shortfall[]>;
  /** People whose name or address holds the text, the newest first. */
  people(text: string, limit: number): Promise<PersonOverview[]>;
  /** Who is told when the site needs somebody. */
  admins(): Promise<Email[]>;
  /** Whose workspace it is. */
  ownerOf(workspace: WorkspaceId): Promise<UserId | undefined>;
}
