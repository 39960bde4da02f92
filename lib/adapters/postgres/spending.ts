import type { Spending } from '../../core/workspaces/budget.ts';
import type { Database } from './database.ts';

const kB = (bytes: number) => Math.ceil(bytes / 1024);

/** Bytes in the `throttle` table, in kB, which sweeps what has ended. One statement: programs at once do not pass the limit together. */
export const makeSpending = ({ query }: Database): Spending => ({
  async spend(key, bytes, mostBytes) {
    const [row] = await query<{ allowed: boolean; left: number | null }>(
      `WITH spent AS (
         INSERT INTO throttle AS t (key, count, window_ends_at) SELECT $1, $2::int, now() + interval '1 hour' WHERE $2::int <= $3::int
         ON CONFLICT (key) DO UPDATE SET
           count = CASE WHEN t.window_ends_at <= now() THEN excluded.count ELSE t.count + excluded.count END,
           window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
         WHERE t.window_ends_at <= now() OR t.count + excluded.count <= $3::int RETURNING 1)
       SELECT EXISTS (SELECT FROM spent) AS allowed, (SELECT ceil(extract(epoch FROM window_ends_at - now()))::int FROM throttle WHERE key = $1) AS left`,
      [key, kB(bytes), kB(mostBytes)],
    );
    return { allowed: row!.allowed, leftS: Math.max(row!.left ?? 3600, 1) };
  },

  async spent(key) {
    const [row] = await query<{ count: number }>('SELECT count FROM throttle WHERE key = $1 AND window_ends_at > now()', [key]);
    return (row?.count ?? 0) * 1024;
  },
});
