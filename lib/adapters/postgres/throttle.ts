import type { Throttle } from '../../core/users/throttle.ts';
import type { Database } from './database.ts';

/** Attempts in the `throttle` table. A new window starts with the first attempt after the old one ended. */
export const makeThrottle = ({ query }: Database): Throttle => ({
  async hit(key, { count, windowS }) {
    const [row] = await query<{ count: number; left: number }>(
      `INSERT INTO throttle AS t (key, count, window_ends_at) VALUES ($1, 1, now() + $2 * interval '1 second')
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN t.window_ends_at <= now() THEN 1 ELSE least(t.count + 1, $3 + 1) END,
         window_ends_at = CASE WHEN t.window_ends_at <= now() THEN excluded.window_ends_at ELSE t.window_ends_at END
       RETURNING count, ceil(extract(epoch FROM window_ends_at - now()))::int AS left`,
      [key, windowS, count],
    );
    return { count: row!.count, leftS: Math.max(row!.left, 1) };
  },

  async holds(key) {
    return (await query('SELECT FROM throttle WHERE key = $1 AND window_ends_at > now()', [key])).length > 0;
  },

  async refund(key) {
    await query('UPDATE throttle SET count = greatest(count - 1, 0) WHERE key = $1', [key]);
    // Swept here, where something went well, so that no attempt pays for it and no program has to remember it.
    await query("DELETE FROM throttle WHERE key IN (SELECT key FROM throttle WHERE window_ends_at < now() - interval '1 hour' LIMIT 100)");
  },
});
