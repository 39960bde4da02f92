import type { CourseId, ServerId, UserId, WorkspaceId } from '../../core/ids.ts';
import { admissionOrder, estimate, type LastServed, type Waiting } from '../../core/servers/queue.ts';
import type { RunningServer, Server, ServerRef, ServerState } from '../../core/servers/server.ts';
import type { Epoch, Move, ServerStore } from '../../core/servers/store.ts';
import { gathered, together } from '../../core/waiting.ts';
import { isConflict, isTaken, isUuid, type Database } from './database.ts';
import { columns, fromJson, toServer, type InJson, type ServerRow } from './server-row.ts';

const oneLive = 'server_one_live_per_workspace';
const live = `('requested', 'starting', 'running', 'stopping')`;

const keyOf = ({ id, generation }: ServerRef) => `${id}/${generation}`;

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

/** Servers in PostgreSQL. Every move is one statement: the compare, the set, its fence, its history and its announcement. */
export function makeServerStore({ query }: Database): ServerStore {
  const rows = async (sql: string, parameters: unknown[]): Promise<Server[]> => (await query<ServerRow>(sql, parameters)).map(toServer);
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

  const ofThem = gathered(async (workspaces: WorkspaceId[]) => {
    const found = await rows(
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
    const requested = await rows(
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

  type Moving = { ref: ServerRef; from: ServerState; move: Move; epoch: Epoch };
  /** Moves to one state, which write the same columns. */
  async function moveAll(epoch: Epoch, all: Moving[]): Promise<Set<string>> {
    const { to } = all[0]!.move;
    const columns = all.map(({ move }) => columnsOf(move));
    const ends = to === 'stopped' || to === 'failed';
    const moved = await query<{ id: ServerId; generation: number }>(
      `WITH ${fenced}, asked AS (
         SELECT * FROM jsonb_to_recordset($2::jsonb) AS a (id uuid, generation int, "from" text, stage text, address jsonb, instance text, retry_at timestamptz, attempts int, reason text)
       ), old AS (
         SELECT s.id, s.since, s.state FROM server s, asked, fence WHERE s.id = asked.id AND s.generation = asked.generation AND s.state = asked."from" FOR UPDATE OF s
       ), moved AS (
         UPDATE server s SET state = $3::text, since = CASE WHEN old.state = $3 THEN s.since ELSE now() END, ${Object.keys(columns[0]!).map((column) => `${column} = asked.${column}`).join(', ')}
           ${to === 'starting' ? ', admitted_at = COALESCE(s.admitted_at, now())' : ''}
           ${to === 'warm' ? ', ready_at = now()' : ''}
           ${to === 'running' ? ', ready_at = now(), claimed_at = now(), active_at = now(), marked_at = now()' : ''}
           ${ends ? ', ended_at = now()' : ''}
         FROM old JOIN asked USING (id) WHERE s.id = old.id RETURNING s.*, old.since AS was_since, old.state AS was_state
       ), event AS (${recorded('reason', took)} WHERE was_state <> state)
       ${ends ? ', manifest AS (DELETE FROM manifest_entry m USING moved WHERE m.server_id = moved.id), sessions AS (DELETE FROM notebook_session n USING moved WHERE n.server_id = moved.id)' : ''}
       SELECT moved.id, moved.generation, ${told('moved')}, ${soon} FROM moved`,
      [epoch, JSON.stringify(all.map(({ ref, from }, at) => ({ ...columns[at], ...ref, from }))), to],
    );
    return new Set(moved.map(keyOf));
  }
  const makeMoves = () =>
    gathered(async (all: Moving[]) => {
      // Of two moves of one server the second finds it in another state.
      const first = new Map(all.toReversed().map((one) => [keyOf(one.ref), one]));
      const moved = await Promise.all([...Map.groupBy(first.values(), ({ epoch }) => epoch)].map(([epoch, ofIt]) => moveAll(epoch, ofIt)));
      return all.map((one) => first.get(keyOf(one.ref)) === one && moved.some((done) => done.has(keyOf(one.ref))));
    });
  const moveTo: Record<Move['to'], (one: Moving) => Promise<boolean>> = {
    warming: makeMoves(), starting: makeMoves(), warm: makeMoves(), running: makeMoves(), requested: makeMoves(), stopping: makeMoves(), stopped: makeMoves(), failed: makeMoves(),
  };

  const setMarks = gathered(async (marks: { ref: ServerRef; epoch: Epoch }[]) => {
    const marked = await Promise.all(
      [...Map.groupBy(marks, ({ epoch }) => epoch)].map(([epoch, all]) =>
        query<{ id: ServerId; generation: number }>(
          `WITH ${fenced}, moved AS (
             UPDATE server s SET marked_at = COALESCE(s.marked_at, now()) FROM fence, unnest($2::uuid[], $3::int[]) AS mark (id, generation)
             WHERE s.id = mark.id AND s.generation = mark.generation AND s.state = 'running' RETURNING s.*
           ) SELECT moved.id, moved.generation, ${told('moved')} FROM moved`,
          [epoch, all.map(({ ref }) => ref.id), all.map(({ ref }) => ref.generation)],
        ),
      ),
    );
    const done = new Set(marked.flat().map(keyOf));
    return marks.map(({ ref }) => done.has(keyOf(ref)));
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

    async place(server) {
      return (await line()).get(server);
    },

    async live() {
      const [found] = await query<{ all: InJson[] }>(
        `SELECT coalesce(json_agg(s ORDER BY generation), '[]') AS all FROM (SELECT ${columns} FROM server WHERE state NOT IN ('stopped', 'failed')) s`,
      );
      return found!.all.map((row) => toServer(fromJson(row)));
    },
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

    move: (ref, from, move, epoch) => moveTo[move.to]({ ref, from, move, epoch }),

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

    setMarked: (ref, epoch) => setMarks({ ref, epoch }),

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

/** The columns a move writes; what is no longer true is cleared. */
function columnsOf(move: Move): Record<string, unknown> {
  switch (move.to) {
    case 'warming':
    case 'starting':
      return { stage: move.stage };
    case 'warm':
    case 'running':
      return { stage: null, address: move.address, instance: move.instance };
    case 'requested':
      return { stage: null, retry_at: move.retryAt, attempts: move.attempts };
    case 'stopping':
      return { reason: move.reason };
    case 'stopped':
    case 'failed':
      return { stage: null, address: null, reason: move.reason };
  }
}
