import type { ServerId, SessionId, UserId, WorkspaceId, WorkspaceKey } from '../ids.ts';
import type { Address, ServerRef } from '../servers/server.ts';
import type { CourseRole, SiteRole } from '../users/actor.ts';
import type { GrantFacts, Pass } from './grant.ts';

/** Who asks for which workspace. */
export type Asking = { sid: SessionId; sub: UserId; wsp: WorkspaceId; key: WorkspaceKey };

export const askingOf = ({ sid, sub, wsp, key }: Asking): Asking => ({ sid, sub, wsp, key });

/** What the rows say about that, at one moment by the database's clock. */
export type AccessRow = {
  /** The sign-in is there, is this user's and has not expired. */
  signedIn: boolean;
  banned: boolean;
  /** The workspace is there, has this key and is this user's. */
  owner: boolean;
  siteRole?: SiteRole;
  courseRole?: CourseRole;
  /** The server that is running for the workspace and wanted, if there is one. */
  server?: { id: ServerId; generation: number; address: Address; marked: boolean };
};

/** The rows the gateway decides by: one query. A failure to reach them is an UpstreamError('database'). */
export interface GatewayRows {
  access(asking: Asking): Promise<AccessRow>;
}

export type Target = { ref: ServerRef; address: Address };

/** `rights` names every role that let the person in: when it changes, what was opened under it is closed. */
export type Admission = { state: 'admitted'; rights: string; server: Target | 'none' | 'unmarked' } | { state: 'refused'; why: 'signed-out' | 'banned' | 'stranger' | 'not-enrolled' };

/** Whether the person may come in, and to which server. An admin needs no enrolment, as on the site. */
export function decideAdmission(row: AccessRow): Admission {
  if (!row.signedIn) return { state: 'refused', why: 'signed-out' };
  if (row.banned) return { state: 'refused', why: 'banned' };
  if (!row.owner) return { state: 'refused', why: 'stranger' };
  if (!row.courseRole && row.siteRole !== 'admin') return { state: 'refused', why: 'not-enrolled' };
  return { state: 'admitted', rights: `${row.siteRole ?? ''} ${row.courseRole ?? ''}`, server: serverOf(row) };
}

function serverOf({ server }: AccessRow): Target | 'none' | 'unmarked' {
  if (!server) return 'none';
  // A server that is not yet marked as somebody's could be put back into a pool by a restored backup.
  if (!server.marked) return 'unmarked';
  return { ref: { id: server.id, generation: server.generation }, address: server.address };
}

/** A grant opens the one server it names, and only while that server is the workspace's. */
export function decideEntry(grant: GrantFacts, admission: Admission): 'enter' | 'wait' | 'refuse' {
  if (admission.state === 'refused' || admission.server === 'none') return 'refuse';
  if (admission.server === 'unmarked') return 'wait';
  const { id, generation } = admission.server.ref;
  return id === grant.srv && generation === grant.gen ? 'enter' : 'refuse';
}

/** A pass is renewed from then on, and at once when its workspace has another server than it says. */
const RENEW_BELOW_MS = 8 * 60_000;

export const isDue = (pass: Pass, server: ServerRef, nowMs: number): boolean =>
  pass.expiresAt.getTime() - nowMs < RENEW_BELOW_MS || pass.srv !== server.id || pass.gen !== server.generation;
