import type pg from 'pg';
import type { SessionId, UserId } from '../../core/ids.ts';
import type { Actor, SiteRole } from '../../core/users/actor.ts';
import type { SessionStore } from '../../core/users/sessions.ts';

type ActorRow = { id: string; role: SiteRole; name: string | null; email: string };

/** Sign-ins in the `session` table; every time is the database's. */
export const makeSessionStore = (pool: pg.Pool): SessionStore => ({
  async actor(session) {
    const { rows } = await pool.query<ActorRow>({
      name: 'session-actor',
      text: `SELECT u.id, u.role, u.name, u.email FROM session s JOIN "user" u ON u.id = s.user_id
             WHERE s.id = $1 AND s.expires > now() AND u.banned_at IS NULL`,
      values: [session],
    });
    return rows[0] && toActor(rows[0], session);
  },

  async start(user, { lastsMs, userAgent }) {
    const { rows } = await pool.query<{ id: SessionId }>(
      `WITH seen AS (UPDATE "user" SET last_seen_at = now() WHERE id = $1)
       INSERT INTO session (session_token, user_id, expires, user_agent)
       VALUES (gen_random_uuid()::text, $1, now() + $2 * interval '1 millisecond', $3) RETURNING id`,
      [user, lastsMs, userAgent?.slice(0, 300)],
    );
    return rows[0]!.id;
  },

  async end(session) {
    await pool.query('DELETE FROM session WHERE id = $1', [session]);
  },

  async endAll(user: UserId, { except } = {}) {
    const { rows } = await pool.query<{ id: SessionId }>('DELETE FROM session WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2) RETURNING id', [user, except]);
    return rows.map(({ id }) => id);
  },
});

const toActor = (row: ActorRow, session: SessionId): Actor => ({
  id: row.id as UserId,
  session,
  role: row.role,
  name: row.name ?? row.email.split('@')[0]!,
  email: row.email,
});
