import type { SessionId, UserId } from '../../core/ids.ts';
import type { Actor, SiteRole } from '../../core/users/actor.ts';
import type { SessionStore } from '../../core/users/sessions.ts';
import type { Database } from './database.ts';

type ActorRow = { id: UserId; role: SiteRole; name: string | null; email: string };

/** Sign-ins in the `session` table; every time is the database's. */
export const makeSessionStore = ({ query }: Database): SessionStore => ({
  async actor(session) {
    const [row] = await query<ActorRow>(
      `SELECT u.id, u.role, u.name, u.email FROM session s JOIN "user" u ON u.id = s.user_id
       WHERE s.id = $1 AND s.expires > now() AND u.banned_at IS NULL`,
      [session],
    );
    return row && toActor(row, session);
  },

  async start(user, { lastsMs, userAgent }) {
    const [row] = await query<{ id: SessionId }>(
      `WITH seen AS (UPDATE "user" SET last_seen_at = now() WHERE id = $1),
            swept AS (DELETE FROM session WHERE user_id = $1 AND expires < now())
       INSERT INTO session (session_token, user_id, expires, user_agent)
       VALUES (gen_random_uuid()::text, $1, now() + $2 * interval '1 millisecond', $3) RETURNING id`,
      [user, lastsMs, userAgent?.slice(0, 300)],
    );
    return row!.id;
  },

  async end(session) {
    await query('DELETE FROM session WHERE id = $1', [session]);
  },

  async endAll(user, { except } = {}) {
    const rows = await query<{ id: SessionId }>('DELETE FROM session WHERE user_id = $1 AND ($2::uuid IS NULL OR id <> $2) RETURNING id', [user, except]);
    return rows.map(({ id }) => id);
  },
});

const toActor = ({ id, role, name, email }: ActorRow, session: SessionId): Actor => ({ id, session, role, name: name ?? email.split('@')[0]!, email });
