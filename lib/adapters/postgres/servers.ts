import type { ServerId } from '../../core/ids.ts';
import type { ServerRef, ServerState } from '../../core/servers/server.ts';
import type { Epoch, Move, ServerStore } from '../../core/servers/store.ts';
import { gathered } from '../../core/waiting.ts';
import { isUuid, type Database } from './database.ts';
import { makeServerQueue } from './server-queue.ts';
import { makeServerRequests } from './server-requests.ts';
import { columns, fromJson, readServers, toServer, type InJson } from './server-row.ts';
import { fenced, keyOf, recorded, soon, told, took } from './server-statements.ts';

/** Servers in PostgreSQL. Every move is one statement: the compare, the set, its fence, its history and its announcement. */
export function makeServerStore(database: Database): ServerStore {
  const { query } = database;
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
           ${to === 'requested' ? ', admitted_at = NULL' : ''}
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

  return {
    ...makeServerRequests(database),
    ...makeServerQueue(database),

    async live() {
      const [found] = await query<{ all: InJson[] }>(
        `SELECT coalesce(json_agg(s ORDER BY generation), '[]') AS all FROM (SELECT ${columns} FROM server WHERE state NOT IN ('stopped', 'failed')) s`,
      );
      return found!.all.map((row) => toServer(fromJson(row)));
    },
    // What runs somewhere and calls itself ours may have any name.
    find: async ({ id, generation }) => (isUuid(id) ? (await readServers(query, 'SELECT * FROM server WHERE id = $1 AND generation = $2::numeric', [id, generation]))[0] : undefined),
    byId: async (id) => (await readServers(query, 'SELECT * FROM server WHERE id = $1', [id]))[0],

    async addWarming(profile, epoch) {
      const [added] = await readServers(
      query,
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
