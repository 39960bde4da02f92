import { revisionsToDrop, type History } from '../../core/workspaces/thinning.ts';
import type { Database } from './database.ts';
import { UNNAMED } from './unnamed.ts';

/** Files with fewer revisions than this are left as they are. */
const WORTH_IT = 10;
const FILES_AT_ONCE = 200;

type Row = { file_id: string; revision: number; created_at: Date; origin: string };

export function makeHistory({ query }: Database): History {
  return {
    async thin(now) {
      let dropped = 0;
      let after = '00000000-0000-0000-0000-000000000000';
      for (;;) {
        const rows = await query<Row>(
          `SELECT r.file_id, r.revision, r.created_at, r.origin FROM revision r
           JOIN (SELECT file_id FROM revision WHERE file_id > $1 GROUP BY file_id HAVING count(*) > $2 ORDER BY file_id LIMIT $3) f USING (file_id)
           ORDER BY r.file_id`,
          [after, WORTH_IT, FILES_AT_ONCE],
        );
        const last = rows.at(-1);
        if (!last) return dropped;
        after = last.file_id;
        const going = [...Map.groupBy(rows, (row) => row.file_id)].flatMap(([file, revisions]) =>
          revisionsToDrop(revisions.map(({ revision, created_at, origin }) => ({ revision, createdAt: created_at, origin })), now).map((revision) => ({ file, revision })),
        );
        await query('DELETE FROM revision r USING unnest($1::uuid[], $2::int[]) AS g (file_id, revision) WHERE r.file_id = g.file_id AND r.revision = g.revision', [
          going.map(({ file }) => file),
          going.map(({ revision }) => revision),
        ]);
        dropped += going.length;
      }
    },

    async sweepBlobs() {
      // A put of known bytes touches created_at, so a blob about to be named is never old: what puts it names it in the same piece of work.
      const gone = await query(
        `DELETE FROM blob b WHERE b.created_at < now() - interval '1 hour'
           AND ${UNNAMED}
         RETURNING 1`,
      );
      return gone.length;
    },
  };
}
