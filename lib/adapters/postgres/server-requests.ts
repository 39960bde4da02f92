import type { ServerId, UserId, WorkspaceId } from '../../core/ids.ts';
import type { RunningServer, Server } from '../../core/servers/server.ts';
import type { ServerRequests } from '../../core/servers/store.ts';
import { gathered } from '../../core/waiting.ts';
import { isConflict, isTaken, type Database } from './database.ts';
import { readServers, toServer, type ServerRow } from './server-row.ts';
import { live, recorded, told } from './server-statements.ts';

const oneLive = 'server_one_live_per_workspace';

/** What the web program asks about servers and does to them. Questions that come at once are one statement. */
export function makeServerRequests({ query }: Database): Omit<ServerRequests, 'place'> {
  const ofThem = gathered(async (workspaces: WorkspaceId[]) => {
    const found = await readServers(
      query,
      `SELECT found.* FROM (SELECT DISTINCT unnest($1::uuid[]) AS workspace) asked CROSS JOIN LATERAL (
         (SELECT * FROM server WHERE workspace_id = asked.workspace AND state IN ${live})
         UNION ALL (SELECT * FROM server WHERE workspace_id = asked.workspace AND state NOT IN ${live} ORDER BY ended_at DESC NULLS LAST LIMIT 1) LIMIT 1
       ) found`,
      [workspaces],
    );
    const byWorkspace = new Map(found.map((server) => ['workspace' in server ? server.workspace : undefined, server]));
    return workspaces.map((workspace) => byWorkspace.get(workspace));
  });

  type LiveOne = { id: ServerId; workspace: WorkspaceId; slug: string; title: string };
  const liveOfThem = gathered(async (users: UserId[]) => {
    const found = await query<LiveOne & { user: UserId }>(
      `SELECT w.user_id AS user, s.id, w.id AS workspace, c.slug, c.title FROM server s JOIN workspace w ON w.id = s.workspace_id JOIN course c ON c.id = w.course_id
       WHERE w.user_id = ANY($1::uuid[]) AND s.state IN ${live} ORDER BY s.generation`,
      [users],
    );
    const byUser = Map.groupBy(found, ({ user }) => user);
    return users.map((user) => (byUser.get(user) ?? []).map(({ id, workspace, slug, title }) => ({ id, workspace, course: { slug, title } })));
  });

  const profileOfThem = gathered(async (workspaces: WorkspaceId[]) => {
    const found = await query<{ id: WorkspaceId; profile: string | null }>('SELECT w.id, c.profile FROM workspace w JOIN course c ON c.id = w.course_id WHERE w.id = ANY($1::uuid[])', [workspaces]);
    const chosen = new Map(found.map(({ id, profile }) => [id, profile]));
    return workspaces.map((workspace) => chosen.get(workspace) ?? undefined);
  });

  type Ask = { workspace: WorkspaceId; profile: string };
  const inColumns = (asks: Ask[]) => [asks.map(({ workspace }) => workspace), asks.map(({ profile }) => profile)];

  /** Warm servers, the oldest first, for all who ask at once. Of the tabs of one workspace the first is served, and the others are told so. */
  async function claim(asks: Ask[]): Promise<(RunningServer | 'none' | 'taken')[]> {
    const found = await query<{ taken: boolean } & Partial<ServerRow>>(
      `WITH asked AS (
         SELECT *, row_number() OVER (PARTITION BY profile, NOT (taken OR outwaited) ORDER BY at) AS nth FROM (
           SELECT a.*, EXISTS (SELECT 1 FROM server l WHERE l.workspace_id = a.workspace AND l.state IN ${live})
                    OR row_number() OVER (PARTITION BY a.workspace ORDER BY a.at) > 1 AS taken,
                  EXISTS (SELECT 1 FROM server q WHERE q.state = 'requested' AND q.desired = 'run' AND q.profile = a.profile AND q.workspace_id <> a.workspace
                          AND (q.retry_at IS NULL OR q.retry_at <= now())) AS outwaited
           FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS a (workspace, profile, at)
         ) each
       ), wanted AS (
         SELECT profile, count(*) AS many FROM asked WHERE NOT taken AND NOT outwaited GROUP BY profile
       ), chosen AS MATERIALIZED (
         SELECT warm.* FROM wanted CROSS JOIN LATERAL (
           SELECT id, generation, profile FROM server WHERE state = 'warm' AND desired = 'run' AND profile = wanted.profile ORDER BY generation LIMIT wanted.many FOR UPDATE SKIP LOCKED
         ) warm
       ), pair AS (
         SELECT c.id, a.workspace FROM (SELECT id, profile, row_number() OVER (PARTITION BY profile ORDER BY generation) AS nth FROM chosen) c
         JOIN asked a ON a.profile = c.profile AND a.nth = c.nth AND NOT a.taken AND NOT a.outwaited
       ), moved AS (
         UPDATE server s SET state = 'running', workspace_id = pair.workspace, claimed_at = now(), active_at = now(), since = now()
         FROM pair WHERE s.id = pair.id RETURNING s.*
       ), event AS (${recorded(`'claimed'`, 'NULL')})
       SELECT asked.taken, moved.*, CASE WHEN moved.id IS NOT NULL THEN ${told('moved')} END FROM asked LEFT JOIN moved ON moved.workspace_id = asked.workspace AND NOT asked.taken ORDER BY asked.at`,
      inColumns(asks),
    );
    return found.map(({ taken, ...row }) => {
      if (taken) return 'taken';
      const server = row.id ? toServer(row as ServerRow) : undefined;
      return server?.state === 'running' ? server : 'none';
    });
  }

  const claimTogether = gathered((asks: Ask[]) =>
    orEachAlone(asks, claim, (error) => {
      if (isTaken(error, oneLive)) return 'taken' as const;
      throw error;
    }),
  );

  async function request(asks: Ask[]): Promise<(Server | 'taken')[]> {
    const requested = await readServers(
      query,
      `WITH moved AS (
         INSERT INTO server (profile, state, workspace_id) SELECT profile, 'requested', workspace FROM unnest($1::uuid[], $2::text[]) AS asked (workspace, profile)
         ON CONFLICT (workspace_id) WHERE workspace_id IS NOT NULL AND state IN ${live} DO NOTHING RETURNING *
       ), event AS (INSERT INTO server_event (server_id, state) SELECT id, state FROM moved)
       SELECT moved.*, ${told('moved')} FROM moved`,
      inColumns(asks),
    );
    const made = new Map(requested.map((server) => ['workspace' in server ? server.workspace : undefined, server]));
    return asks.map(({ workspace }) => {
      const server = made.get(workspace);
      // Of several tabs the first one asked for it.
      made.delete(workspace);
      return server ?? 'taken';
    });
  }

  const requestTogether = gathered((asks: Ask[]) => orEachAlone(asks, request));

  return {
    of: ofThem,
    claimWarm: (workspace, profile) => claimTogether({ workspace, profile }),
    request: (workspace, profile) => requestTogether({ workspace, profile }),
    profileOf: profileOfThem,

    async wantStopped(server, reason) {
      await query(
        `WITH moved AS (
           UPDATE server SET desired = 'stop', reason = $2 WHERE id = $1 AND desired = 'run' AND state NOT IN ('stopping', 'stopped', 'failed') RETURNING *
         ) SELECT ${told('moved')} FROM moved`,
        [server, reason],
      );
    },

    async keep(server) {
      await query(`WITH moved AS (UPDATE server SET kept_at = now(), warned_at = NULL WHERE id = $1 AND state = 'running' RETURNING *) SELECT ${told('moved')} FROM moved`, [server]);
    },

    async setUnkept({ id, generation }, unkept) {
      await query(
        `WITH moved AS (UPDATE server SET unkept = $3::jsonb WHERE id = $1 AND generation = $2 AND state = 'running' AND unkept IS DISTINCT FROM $3::jsonb RETURNING *)
         SELECT ${told('moved')} FROM moved`,
        [id, generation, unkept.length > 0 ? JSON.stringify(unkept) : null],
      );
    },

    async countLive(user) {
      const [found] = await query<{ count: number }>(`SELECT count(*) AS count FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state IN ${live}`, [user]);
      return found!.count;
    },

    liveOf: liveOfThem,

    async sharesUnsandboxed(user) {
      const others = await query(
        `SELECT 1 FROM server s JOIN workspace w ON w.id = s.workspace_id
         WHERE w.user_id <> $1 AND s.state IN ${live} AND EXISTS (SELECT 1 FROM lease WHERE shortfalls @> '[{"lacks": "sandbox"}]') LIMIT 1`,
        [user],
      );
      return others.length > 0;
    },
  };
}

/**
 * One statement for all. Another program may be about to serve the same people, in another order: where one waits for the other, or comes
 * too late for somebody, the database refuses the statement whole; then each is asked for alone.
 */
async function orEachAlone<Ask, Answer>(
  asks: Ask[],
  work: (asks: Ask[]) => Promise<Answer[]>,
  orElse: (error: unknown) => Answer = (error) => {
    throw error;
  },
): Promise<Answer[]> {
  try {
    return await work(asks);
  } catch (error) {
    if (!isConflict(error)) throw error;
    return asks.length === 1 ? [orElse(error)] : (await Promise.all(asks.map((ask) => orEachAlone([ask], work, orElse)))).flat();
  }
}
