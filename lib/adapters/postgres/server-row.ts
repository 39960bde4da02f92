import type { ServerId, WorkspaceId } from '../../core/ids.ts';
import type { EndReason } from '../../core/servers/reason.ts';
import type { Address, Server, Stage } from '../../core/servers/server.ts';
import type { Unkept } from '../../core/workspaces/unkept.ts';
import type { Database } from './database.ts';

export type ServerRow = {
  id: ServerId;
  generation: number;
  profile: string;
  desired: 'run' | 'stop';
  state: Server['state'];
  stage: Stage | null;
  workspace_id: WorkspaceId | null;
  address: Address | null;
  instance: string | null;
  reason: EndReason | null;
  attempts: number;
  retry_at: Date | null;
  since: Date;
  claimed_at: Date | null;
  marked_at: Date | null;
  active_at: Date | null;
  busy_since: Date | null;
  warned_at: Date | null;
  kept_at: Date | null;
  unkept: Unkept[] | null;
};

const times = ['since', 'retry_at', 'claimed_at', 'marked_at', 'active_at', 'busy_since', 'warned_at', 'kept_at'] as const;
export const columns = `id, generation, profile, desired, state, stage, workspace_id, address, instance, reason, attempts, unkept, ${times.join(', ')}`;

/** A row inside JSON, which is read several times as fast as columns are: thousands of rows are read at each pass. */
export type InJson = Omit<ServerRow, (typeof times)[number]> & Record<(typeof times)[number], string | null>;

export function fromJson(row: InJson): ServerRow {
  const at = (time: string | null) => (time === null ? null : new Date(time));
  const { since, retry_at, claimed_at, marked_at, active_at, busy_since, warned_at, kept_at } = row;
  return Object.assign(row, { since: new Date(since!), retry_at: at(retry_at), claimed_at: at(claimed_at), marked_at: at(marked_at), active_at: at(active_at), busy_since: at(busy_since), warned_at: at(warned_at), kept_at: at(kept_at) });
}

/** @throws when the row lacks a fact its state promises; no statement of ours writes such a row */
export function toServer(row: ServerRow): Server {
  const has = <T>(value: T | null, column: string): T => {
    if (value === null) throw new Error(`server ${row.id} is ${row.state} without ${column}`);
    return value;
  };
  const maybe = <T>(value: T | null): T | undefined => value ?? undefined;
  const common = {
    ref: { id: row.id, generation: row.generation },
    profile: row.profile,
    desired: row.desired,
    ...(row.desired === 'stop' && row.reason ? { why: row.reason } : {}),
    since: row.since,
  };
  const made = () => ({ address: has(row.address, 'address'), instance: has(row.instance, 'instance') });
  const owner = () => has(row.workspace_id, 'workspace');
  switch (row.state) {
    case 'warming':
      return { ...common, state: row.state, stage: row.stage ?? 'creating', attempts: row.attempts, retryAt: maybe(row.retry_at) };
    case 'warm':
      return { ...common, state: row.state, ...made() };
    case 'requested':
      return { ...common, state: row.state, workspace: owner(), attempts: row.attempts, retryAt: maybe(row.retry_at) };
    case 'starting':
      return { ...common, state: row.state, workspace: owner(), stage: row.stage ?? 'creating', attempts: row.attempts };
    case 'running': {
      const activity = { activeAt: has(row.active_at, 'active_at'), busySince: maybe(row.busy_since), warnedAt: maybe(row.warned_at), keptAt: maybe(row.kept_at) };
      return { ...common, state: row.state, workspace: owner(), ...made(), claimedAt: has(row.claimed_at, 'claimed_at'), markedAt: maybe(row.marked_at), activity, ...(row.unkept && { unkept: row.unkept }) };
    }
    case 'stopping':
    case 'stopped':
    case 'failed':
      return { ...common, state: row.state, workspace: maybe(row.workspace_id), reason: has(row.reason, 'reason') };
  }
}

/** The servers a statement gives whole rows of. */
export const readServers = async (query: Database['query'], sql: string, parameters: unknown[]): Promise<Server[]> => (await query<ServerRow>(sql, parameters)).map(toServer);
