import type { ServerRef } from '../../core/servers/server.ts';

// What the statements about servers are made of.

export const live = `('requested', 'starting', 'running', 'stopping')`;

export const keyOf = ({ id, generation }: ServerRef) => `${id}/${generation}`;

const news = (row: string) =>
  `json_strip_nulls(json_build_object('kind', 'server', 'id', ${row}.id, 'workspace', ${row}.workspace_id, 'unmarked', CASE WHEN ${row}.state = 'running' AND ${row}.marked_at IS NULL THEN ${row}.generation END))::text`;

/** Tells all programs, with the commit and not before it. Added to the final SELECT of a statement, so that it runs per row. */
export const told = (row: string) => `pg_notify('lectern', ${news(row)})`;

/**
 * The controller's own moves do not wait for the disk, one after the other as commits that tell of themselves do: one that a crash of
 * the database takes back is seen and made again. Nobody enters a server before its mark, and that waits.
 */
export const soon = `set_config('synchronous_commit', 'off', true)`;

/** History of a move: `took_ms` is null where the state before it says nothing about speed. */
export const recorded = (note: string, took: string) => `INSERT INTO server_event (server_id, state, reason, took_ms) SELECT id, state, ${note}, ${took} FROM moved`;
export const took = 'LEAST(extract(epoch FROM now() - was_since) * 1000, 2147483647)::int';

/**
 * The row of the lease, held until the statement ends: a new leader's epoch can only begin before or after a write, and a
 * write of an earlier epoch finds no row. `$1` is the epoch in every statement that starts with it.
 */
export const fenced = `fence AS (SELECT 1 FROM lease WHERE name = 'controller' AND epoch = $1 AND expires_at > now() FOR SHARE)`;
