import type { CourseId, ServerId, WorkspaceId } from '../../core/ids.ts';
import { admissionOrder, estimate, type LastServed, type Waiting } from '../../core/servers/queue.ts';
import type { Server, ServerRef } from '../../core/servers/server.ts';
import type { Epoch, Move, ServerStore } from '../../core/servers/store.ts';
import { together } from '../../core/waiting.ts';
import { isTaken, isUuid, type Database } from './database.ts';
import { toServer, type ServerRow } from './server-row.ts';

const oneLive = 'server_one_live_per_workspace';
const live = `('requested', 'starting', 'running', 'stopping')`;

const news = (row: string) =>
  `json_strip_nulls(json_build_object('kind', 'server', 'id', ${row}.id, 'workspace', ${row}.workspace_id, 'unmarked', CASE WHEN ${row}.state = 'running' AND ${row}.marked_at IS NULL THEN ${row}.generation END))::text`;

/** Tells all programs, with the commit and not before it. Added to the final SELECT of a statement, so that it runs per row. */
const told = (row: string) => `pg_notify('lectern', ${news(row)})`;

/**
 * The controller's own moves do not wait for the disk, one after the other as commits that tell of themselves do: one that a crash of
 * the database takes back is seen and made again. Nobody enters a server before its mark, and that waits.
 */
const soon = `set_config('synchronous_commit', 'off', true)`;

/** History of a move: `took_ms` is null where the state before it says nothing about speed. */
const recorded = (note: string, took: string) => `INSERT INTO server_event (server_id, state, reason, took_ms) SELECT id, state, ${note}, ${took} FROM moved`;
const took = 'LEAST(extract(epoch FROM now() - was_since) * 1000, 2147483647)::int';

/**
 * The row of the lease, held until the statement ends: a new leader's epoch can only begin before or after a write, and a
 * write of an earlier epoch finds no row. `$1` is the epoch in every statement that starts with it.
 */
const fenced = `fence AS (SELECT 1 FROM lease WHERE name = 'controller' AND epoch = $1 AND expires_at > now() FOR SHARE)`;

/** Servers in PostgreSQL. Every move is one statement: the compare, the set, its fence, its history and, but for the claim, its announcement. */
export function makeServerStore({ query }: Database): ServerStore {
  const rows = async (sql: string, parameters: unknown[]): Promise<Server[]> => (await query<ServerRow>(sql, parameters)).map(toServer);
  const orTaken = (error: unknown) => {
    if (isTaken(error, oneLive)) return 'taken' as const;
    throw error;
  };
  const queue = async (): Promise<{ waiting: Waiting[]; lastServed: LastServed }> => {
    const found = await query<{ id: ServerId; generation: number; profile: string; course: CourseId; created_at: Date; retry_at: Date | null; served: Date | null }>(
      `SELECT s.id, s.generation, s.profile, w.course_id AS course, s.created_at, s.retry_at,
              (SELECT max(a.admitted_at) FROM server a JOIN workspace aw ON aw.id = a.workspace_id
               WHERE a.state NOT IN ('stopped', 'failed') AND aw.course_id = w.course_id) AS served
       FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE s.state = 'requested' AND s.desired = 'run'`,
    );
    return {
      waiting: found.map(({ id, generation, profile, course, created_at, retry_at }) => ({ ref: { id, generation }, profile, course, createdAt: created_at, retryAt: retry_at ?? undefined })),
      lastServed: new Map(found.flatMap(({ course, served }) => (served ? [[course, served] as const] : []))),
    };
  };

  const untold: string[] = [];
  /** What is not told, since the database has gone away, everybody hears of by their next look. */
  const tell = together(() => query(`SELECT pg_notify('lectern', news) FROM unnest($1::text[]) news`, [untold.splice(0)]).catch(() => []));

  const unmarked: { ref: ServerRef; epoch: Epoch }[] = [];
  const setMarks = together(async (): Promise<Set<string>> => {
    const marks = Map.groupBy(unmarked.splice(0), ({ epoch }) => epoch);
    const marked = await Promise.all(
      [...marks].map(([epoch, all]) =>
        query<{ id: ServerId; generation: number }>(
          `WITH ${fenced}, moved AS (
             UPDATE server s SET marked_at = COALESCE(s.marked_at, now()) FROM fence, unnest($2::uuid[], $3::int[]) AS mark (id, generation)
             WHERE s.id = mark.id AND s.generation = mark.generation AND s.state = 'running' RETURNING s.*
           ) SELECT moved.id, moved.generation, ${told('moved')} FROM moved`,
          [epoch, all.map(({ ref }) => ref.id), all.map(({ ref }) => ref.generation)],
        ),
      ),
    );
    return new Set(marked.flat().map(({ id, generation }) => `${id}/${generation}`));
  });

  /** A class that asks all at once asks for its places all at once, too. */
  const line = together(async () => {
    const { waiting, lastServed } = await queue();
    const ordered = admissionOrder(waiting, lastServed);
    const formed = waiting.reduce((first, { createdAt }) => (createdAt < first ? createdAt : first), new Date());
    const [pace] = await query<{ age: number; ready: number; usual: Record<string, number> | null }>(
      `SELECT extract(epoch FROM now() - $1::timestamptz)::float8 * 1000 AS age,
              (SELECT count(*) FROM server_event WHERE at > $1 AND state IN ('warm', 'running') AND reason IS NULL) AS ready,
              (WITH last AS MATERIALIZED (SELECT server_id, at, took_ms FROM server_event WHERE state IN ('warm', 'running') AND took_ms IS NOT NULL ORDER BY at DESC LIMIT 200),
                    ranked AS (SELECT s.profile, took_ms, row_number() OVER (PARTITION BY s.profile ORDER BY last.at DESC) AS nth FROM last JOIN server s ON s.id = last.server_id),
                    middle AS (SELECT profile, percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms) AS took_ms FROM ranked WHERE nth <= 20 GROUP BY profile)
               SELECT json_object_agg(profile, took_ms) FROM middle) AS usual`,
      [formed],
    );
    return new Map(ordered.map(({ ref, profile }, index) => {
      const place = index + 1;
      return [ref.id, { place, estimateMs: estimate(place, { queueAgeMs: pace!.age, readySinceQueued: pace!.ready, usualStartMs: pace!.usual?.[profile] }) }];
    }));
  });

  return {
    queue,

    async of(workspace) {
      const [found] = await rows(
        `(SELECT * FROM server WHERE workspace_id = $1 AND state IN ${live})
         UNION ALL (SELECT * FROM server WHERE workspace_id = $1 AND state NOT IN ${live} ORDER BY ended_at DESC NULLS LAST LIMIT 1) LIMIT 1`,
        [workspace],
      );
      return found;
    },

    async claimWarm(workspace, profile) {
      const claimed = await query<ServerRow & { news: string }>(
        `WITH chosen AS (
           SELECT id FROM server WHERE state = 'warm' AND desired = 'run' AND profile = $2
             AND NOT EXISTS (SELECT 1 FROM server q WHERE q.state = 'requested' AND q.desired = 'run' AND q.profile = $2 AND q.workspace_id <> $1
                             AND (q.retry_at IS NULL OR q.retry_at <= now()))
           ORDER BY generation LIMIT 1 FOR UPDATE SKIP LOCKED
         ), moved AS (
           UPDATE server s SET state = 'running', workspace_id = $1, claimed_at = now(), active_at = now(), since = now()
           FROM chosen WHERE s.id = chosen.id RETURNING s.*
         ), event AS (${recorded(`'claimed'`, 'NULL')})
         SELECT moved.*, ${news('moved')} AS news FROM moved`,
        [workspace, profile],
      ).catch(orTaken);
      if (claimed === 'taken') return claimed;
      if (!claimed[0]) return 'none';
      // Told after the commit: those of a whole class can then be written to the disk together.
      untold.push(claimed[0].news);
      await tell();
      const server = toServer(claimed[0]);
      return server.state === 'running' ? server : 'none';
    },

    async request(workspace, profile) {
      const requested = await rows(
        `WITH moved AS (INSERT INTO server (profile, state, workspace_id) VALUES ($2, 'requested', $1) RETURNING *),
         event AS (INSERT INTO server_event (server_id, state) SELECT id, state FROM moved)
         SELECT moved.*, ${told('moved')} FROM moved`,
        [workspace, profile],
      ).catch(orTaken);
      return requested === 'taken' ? requested : requested[0]!;
    },

    async profileOf(workspace) {
      const [found] = await query<{ profile: string | null }>('SELECT c.profile FROM workspace w JOIN course c ON c.id = w.course_id WHERE w.id = $1', [workspace]);
      return found?.profile ?? undefined;
    },

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

    async liveOf(user) {
      const found = await query<{ id: ServerId; workspace: WorkspaceId; slug: string; title: string }>(
        `SELECT s.id, w.id AS workspace, c.slug, c.title FROM server s JOIN workspace w ON w.id = s.workspace_id JOIN course c ON c.id = w.course_id
         WHERE w.user_id = $1 AND s.state IN ${live} ORDER BY s.generation`,
        [user],
      );
      return found.map(({ id, workspace, slug, title }) => ({ id, workspace, course: { slug, title } }));
    },

    async sharesUnsandboxed(user) {
      const others = await query(
        `SELECT 1 FROM server s JOIN workspace w ON w.id = s.workspace_id
         WHERE w.user_id <> $1 AND s.state IN ${live} AND EXISTS (SELECT 1 FROM lease WHERE shortfalls @> '[{"lacks": "sandbox"}]') LIMIT 1`,
        [user],
      );
      return others.length > 0;
    },

    async place(server) {
      return (await line()).get(server);
    },

    live: () => rows(`SELECT * FROM server WHERE state NOT IN ('stopped', 'failed') ORDER BY generation`, []),
    // What runs somewhere and calls itself ours may have any name.
    find: async ({ id, generation }) => (isUuid(id) ? (await rows('SELECT * FROM server WHERE id = $1 AND generation = $2::numeric', [id, generation]))[0] : undefined),
    byId: async (id) => (await rows('SELECT * FROM server WHERE id = $1', [id]))[0],

    async addWarming(profile, epoch) {
      const [added] = await rows(
        `WITH ${fenced}, moved AS (INSERT INTO server (profile, state, stage) SELECT $2, 'warming', 'creating' FROM fence RETURNING *),
         event AS (INSERT INTO server_event (server_id, state) SELECT id, state FROM moved)
         SELECT moved.*, ${soon} FROM moved`,
        [epoch, profile.name],
      );
      return added ?? 'fenced';
    },

    async move(ref, from, move, epoch) {
      const { set, values, ends } = columnsOf(move);
      const moved = await query(
        `WITH ${fenced}, old AS (
           SELECT s.id, s.since, s.state FROM server s, fence WHERE s.id = $2 AND s.generation = $3 AND s.state = $4 FOR UPDATE OF s
         ), moved AS (
           UPDATE server s SET state = $5, since = CASE WHEN old.state = $5 THEN s.since ELSE now() END, ${set.map((column, index) => `${column} = $${index + 6}`).join(', ')}
             ${move.to === 'starting' ? ', admitted_at = COALESCE(s.admitted_at, now())' : ''}
             ${move.to === 'warm' ? ', ready_at = now()' : ''}
             ${move.to === 'running' ? ', ready_at = now(), claimed_at = now(), active_at = now(), marked_at = now()' : ''}
             ${ends ? ', ended_at = now()' : ''}
           FROM old WHERE s.id = old.id RETURNING s.*, old.since AS was_since, old.state AS was_state
         ), event AS (${recorded('reason', took)} WHERE was_state <> state)
         ${ends ? ', manifest AS (DELETE FROM manifest_entry m USING moved WHERE m.server_id = moved.id), sessions AS (DELETE FROM notebook_session n USING moved WHERE n.server_id = moved.id)' : ''}
         SELECT ${told('moved')}, ${soon} FROM moved`,
        [epoch, ref.id, ref.generation, from, move.to, ...values],
      );
      return moved.length === 1;
    },

    async handOver(requested, warm, epoch) {
      // The second update reads from the first, so that the workspace's one live row has ended before the next begins.
      const moved = await query(
        `WITH ${fenced}, pair AS (
           SELECT q.id AS requested, q.workspace_id, p.id AS warm FROM server q, server p, fence
           WHERE q.id = $2 AND q.generation = $3 AND q.state = 'requested' AND q.desired = 'run'
             AND p.id = $4 AND p.generation = $5 AND p.state = 'warm' AND p.desired = 'run' AND p.profile = q.profile FOR UPDATE OF q, p
         ), ended AS (
           UPDATE server s SET state = 'stopped', reason = 'surplus', since = now(), ended_at = now()
           FROM pair WHERE s.id = pair.requested RETURNING s.id, pair.workspace_id, pair.warm
         ), moved AS (
           UPDATE server s SET state = 'running', workspace_id = ended.workspace_id, claimed_at = now(), active_at = now(), admitted_at = now(), since = now()
           FROM ended WHERE s.id = ended.warm RETURNING s.*
         ), event AS (${recorded(`'claimed'`, 'NULL')}), history AS (
           INSERT INTO server_event (server_id, state, reason) SELECT id, 'stopped', 'surplus' FROM ended
         )
         SELECT ${told('moved')} FROM moved`,
        [epoch, requested.id, requested.generation, warm.id, warm.generation],
      );
      return moved.length === 1;
    },

    async setMarked(ref, epoch) {
      unmarked.push({ ref, epoch });
      return (await setMarks()).has(`${ref.id}/${ref.generation}`);
    },

    setActivity(ref, activity, epoch) {
      const given = Object.entries({ active_at: 'activeAt', busy_since: 'busySince', warned_at: 'warnedAt', kept_at: 'keptAt', memory_bytes: 'memoryBytes' } as const).filter(([, key]) => key in activity);
      const set = given.map(([column], index) => `${column} = $${index + 4}`).join(', ');
      return update(ref, epoch, set || 'id = s.id', given.map(([, key]) => activity[key] ?? null), 'warnedAt' in activity ? told('moved') : '1');
    },
  };

  async function update(ref: ServerRef, epoch: Epoch, set: string, values: unknown[], andTell: string): Promise<boolean> {
    const moved = await query(
      `WITH ${fenced}, moved AS (
         UPDATE server s SET ${set} FROM fence WHERE s.id = $2 AND s.generation = $3 AND s.state = 'running' RETURNING s.*
       ) SELECT ${andTell}, ${soon} FROM moved`,
      [epoch, ref.id, ref.generation, ...values],
    );
    return moved.length === 1;
  }
}

/** The columns a move writes; what is no longer true is cleared. */
function columnsOf(move: Move): { set: string[]; values: unknown[]; ends: boolean } {
  const columns = (values: Record<string, unknown>, ends = false) => ({ set: Object.keys(values), values: Object.values(values), ends });
  switch (move.to) {
    case 'warming':
    case 'starting':
      return columns({ stage: move.stage });
    case 'warm':
    case 'running':
      return columns({ stage: null, address: JSON.stringify(move.address), instance: move.instance });
    case 'requested':
      return columns({ stage: null, retry_at: move.retryAt, attempts: move.attempts });
    case 'stopping':
      return columns({ reason: move.reason });
    case 'stopped':
    case 'failed':
      return columns({ stage: null, address: null, reason: move.reason }, true);
  }
}
