import type { AdminRows, Minute, PersonOverview, ServerOverview } from '../../core/admin/overview.ts';
import type { ServerId, UserId, WorkspaceId } from '../../core/ids.ts';
import type { EndReason } from '../../core/servers/reason.ts';
import type { ServerState, Stage } from '../../core/servers/server.ts';
import type { Shortfall } from '../../core/servers/shortfall.ts';
import type { SiteRole } from '../../core/users/actor.ts';
import type { Email } from '../../core/users/email.ts';
import type { Database } from './database.ts';

type ServerRow = {
  id: ServerId;
  generation: number;
  profile: string;
  state: ServerState;
  stage: Stage | null;
  desired: 'run' | 'stop';
  reason: EndReason | null;
  workspace_id: WorkspaceId | null;
  user_id: UserId | null;
  name: string | null;
  email: string | null;
  slug: string | null;
  title: string | null;
  age: number;
  in_state: number;
  idle: number | null;
  busy: boolean;
  memory_bytes: number | null;
};

const ms = (expression: string) => `(extract(epoch FROM ${expression}) * 1000)::float8`;

const servers = `SELECT s.id, s.generation, s.profile, s.state, s.stage, s.desired, s.reason, s.workspace_id, u.id AS user_id, u.name, u.email, c.slug, c.title,
    ${ms('COALESCE(s.ended_at, now()) - s.created_at')} AS age, ${ms('now() - s.since')} AS in_state, ${ms('now() - s.active_at')} AS idle,
    s.busy_since IS NOT NULL AS busy, s.memory_bytes
  FROM server s LEFT JOIN workspace w ON w.id = s.workspace_id LEFT JOIN "user" u ON u.id = w.user_id LEFT JOIN course c ON c.id = w.course_id`;

/**
 * How many servers were in a state at the end of each minute, from the history: an event holds from its time to the
 * server's next one. Events older than the longest lifetime belong to servers that have ended.
 */
const minutes = `WITH minute AS (SELECT generate_series(now() - ($1::int - 1) * interval '1 minute', now(), interval '1 minute') AS at),
  span AS (
    SELECT state, at AS began, lead(at, 1, 'infinity') OVER (PARTITION BY server_id ORDER BY at, id) AS ended
    FROM server_event WHERE at > now() - interval '2 days'
  ),
  held AS (
    SELECT m.at, count(*) FILTER (WHERE s.state = 'requested') AS queued, count(*) FILTER (WHERE s.state = 'warm') AS warm,
           count(*) FILTER (WHERE s.state = 'running') AS running
    FROM minute m LEFT JOIN span s ON s.state IN ('requested', 'warm', 'running') AND s.began <= m.at AND s.ended > m.at GROUP BY m.at
  ),
  started AS (
    SELECT m.at, count(e.id) AS starts, percentile_cont(0.5) WITHIN GROUP (ORDER BY e.took_ms) AS start_ms
    FROM minute m LEFT JOIN server_event e ON e.at > m.at - interval '1 minute' AND e.at <= m.at AND e.state IN ('warm', 'running') AND e.took_ms IS NOT NULL GROUP BY m.at
  )
  SELECT at, queued, warm, running, starts, start_ms FROM held JOIN started USING (at) ORDER BY at`;

/** Folds the case of all letters, whatever the database's own collation knows: a PostgreSQL without ICU has the second, an old one without both a to z. */
const foldings = ['und-x-icu', 'pg_c_utf8'];

export const makeAdminRows = ({ query }: Database): AdminRows => {
  let folding: string | undefined;
  const findFolding = async () => {
    const found = await query<{ collname: string }>(`SELECT collname FROM pg_collation WHERE collname = ANY($1) AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))`, [foldings]);
    const best = foldings.find((name) => found.some(({ collname }) => collname === name));
    return best ? ` COLLATE "${best}"` : '';
  };

  return {
    live: async () => (await query<ServerRow>(`${servers} WHERE s.state NOT IN ('stopped', 'failed') ORDER BY s.generation`)).map(toOverview),

    ended: async (limit) => (await query<ServerRow>(`${servers} WHERE s.state IN ('stopped', 'failed') AND s.reason IS DISTINCT FROM 'surplus' ORDER BY s.generation DESC LIMIT $1`, [limit])).map(toOverview),

    async minutes(count): Promise<Minute[]> {
      const rows = await query<{ at: Date; queued: number; warm: number; running: number; starts: number; start_ms: number | null }>(minutes, [count]);
      return rows.map(({ at, start_ms, ...counts }) => ({ at: at.toISOString(), ...counts, ...(start_ms !== null && { startMs: start_ms }) }));
    },

    async people(text, limit): Promise<PersonOverview[]> {
      folding ??= await findFolding();
      const holds = (column: string) => `strpos(lower(normalize(${column})${folding}), lower(normalize($1)${folding})) > 0`;
      const rows = await query<{ id: UserId; name: string | null; email: string; role: SiteRole; email_verified: Date | null; banned_at: Date | null; created_at: Date; last_seen_at: Date | null; live: number }>(
        `SELECT u.id, u.name, u.email, u.role, u.email_verified, u.banned_at, u.created_at, u.last_seen_at,
           (SELECT count(*) FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = u.id AND s.state NOT IN ('stopped', 'failed')) AS live
         FROM "user" u WHERE $1 = '' OR ${holds('u.email')} OR ${holds(`COALESCE(u.name, '')`)}
         ORDER BY u.created_at DESC, u.id LIMIT $2`,
        [text, limit],
      );
      return rows.map((row) => ({
        id: row.id,
        name: row.name ?? row.email.split('@')[0]!,
        email: row.email,
        role: row.role,
        verified: row.email_verified !== null,
        banned: row.banned_at !== null,
        createdAt: row.created_at.toISOString(),
        ...(row.last_seen_at && { lastSeenAt: row.last_seen_at.toISOString() }),
        liveServers: row.live,
      }));
    },

    shortfalls: async () => (await query<{ shortfalls: Shortfall[] }>(`SELECT shortfalls FROM lease WHERE name = 'controller'`))[0]?.shortfalls ?? [],

    admins: async () => (await query<{ email: Email }>(`SELECT email FROM "user" WHERE role = 'admin' AND banned_at IS NULL`)).map(({ email }) => email),

    ownerOf: async (workspace) => (await query<{ user_id: UserId }>('SELECT user_id FROM workspace WHERE id = $1', [workspace]))[0]?.user_id,
  };
};

const toOverview = (row: ServerRow): ServerOverview => ({
  id: row.id,
  generation: row.generation,
  profile: row.profile,
  state: row.state,
  stopping: row.desired === 'stop' && row.state !== 'stopped' && row.state !== 'failed',
  ageMs: row.age,
  sinceMs: row.in_state,
  busy: row.busy,
  ...(row.stage && { stage: row.stage }),
  ...(row.workspace_id && { workspace: row.workspace_id }),
  ...(row.user_id && row.email && { owner: { id: row.user_id, name: row.name ?? row.email, email: row.email } }),
  ...(row.slug && row.title && { course: { slug: row.slug, title: row.title } }),
  ...(row.idle !== null && { idleMs: row.idle }),
  ...(row.memory_bytes !== null && { memoryBytes: row.memory_bytes }),
  ...(row.reason && { reason: row.reason }),
});
