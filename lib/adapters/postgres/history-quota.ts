import type { Sha256, WorkspaceId } from '../../core/ids.ts';
import { makeRoom, type Named } from '../../core/workspaces/history-quota.ts';
import type { Query } from './database.ts';
import { UNNAMED } from './unnamed.ts';

/**
 * Counts what the workspace's revisions name and thins them until `incoming` fits. Under the workspace's lock, and only when
 * `history_bytes`, which never is too small, says that it may not fit.
 * @returns the bytes named afterwards, `incoming` included; past the limit nothing was thinned
 */
export async function thinToFit(query: Query, workspace: WorkspaceId, incoming: { sha256: Sha256; size: number }, limitBytes: number): Promise<number> {
  const named = await query<Named>(
    `SELECT r.file_id AS file, r.revision, encode(r.sha256, 'hex') AS sha256, r.size, r.created_at AS "createdAt",
            (r.origin = 'lesson' OR (r.revision = f.revision AND (f.deleted_at IS NULL OR f.deleted_at > now() - interval '1 day'))) AS spared
     FROM revision r JOIN file f ON f.id = r.file_id WHERE f.workspace_id = $1 AND r.sha256 IS NOT NULL`,
    [workspace],
  );
  const { drop, bytes } = makeRoom(named, incoming, limitBytes);
  if (bytes > limitBytes) return bytes;
  if (drop.length > 0) await forget(query, drop, incoming.sha256);
  // Without what comes now: the write adds it.
  await query('UPDATE workspace SET history_bytes = $2 WHERE id = $1', [workspace, bytes - incoming.size]);
  return bytes;
}

async function forget(query: Query, drop: Named[], coming: Sha256): Promise<void> {
  const [files, revisions] = [drop.map(({ file }) => file), drop.map(({ revision }) => revision)];
  await query('DELETE FROM revision r USING unnest($1::uuid[], $2::int[]) AS g (file_id, revision) WHERE r.file_id = g.file_id AND r.revision = g.revision', [files, revisions]);
  await query('UPDATE file f SET sha256 = NULL, size = 0 FROM unnest($1::uuid[], $2::int[]) AS g (id, revision) WHERE f.id = g.id AND f.revision = g.revision AND f.deleted_at IS NOT NULL', [files, revisions]);
  // At once, or hours' worth would lie there. What anybody put in the last ten minutes may be about to be named: the hourly
  // sweep takes it. A put that meets this deletion waits for it, and then keeps the bytes anew.
  await query(
    `DELETE FROM blob b WHERE b.sha256 = ANY(SELECT decode(h, 'hex') FROM unnest($1::text[]) h) AND b.created_at < now() - interval '10 minutes'
       AND ${UNNAMED}`,
    [drop.map(({ sha256 }) => sha256).filter((sha256) => sha256 !== coming)],
  );
}
