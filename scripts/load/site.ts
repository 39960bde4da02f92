import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { residentOf } from '../bench/memory.ts';
import type { UserId, WorkspaceId } from '../../lib/core/ids.ts';
import { readConfig } from '../../lib/config/config.ts';
import { makeHub } from '../../lib/hub.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres.ts';
import { migrate } from '../migrate.ts';

const root = join(import.meta.dirname, '../..');
/** Of /proc: what a clock tick of a process's time is. */
const TICKS_PER_S = 100;

export type Learner = { user: UserId; workspace: WorkspaceId };

/** Lectern without its pages: its database, the hub through which they claim servers, the controller as a process of its own. */
export async function makeSite(folder: string, logs: string, settings: Record<string, string>) {
  mkdirSync(folder, { recursive: true });
  mkdirSync(logs, { recursive: true });
  const postgres = await startEmbeddedPostgres(join(folder, 'postgres'));
  const url = postgres.url('lectern');
  await createDatabase(url);
  migrate(url);
  const env = { ...settings, DATABASE_URL: url, LECTERN_STATE_DIR: folder, LECTERN_SECRET: 'the secret of a site that is gone after its load' };
  const { config, secrets } = readConfig({ ...env, LECTERN_LOG_LEVEL: 'warn' });
  const hub = makeHub(config, secrets);
  const { query } = hub.database;

  /** A program of ours, whose log goes to a file. */
  function launch(program: string, more: Record<string, string>, flags: string[] = []): ChildProcess {
    const child = spawn(process.execPath, [...flags, join(root, program)], { cwd: root, env: { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH, ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(logs, `${program.replaceAll('/', '-')}.log`), { flags: 'a' });
    child.stdout!.pipe(log);
    child.stderr!.pipe(log);
    return child;
  }

  return {
    config,
    hub,

    async standIn(): Promise<void> {
      const child = launch('scripts/load/stand-in.ts', {});
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => Promise.reject(new Error('the stand-in ended')))]);
    },

    /** Learners of ten courses, who have never had a server. */
    async learners(count: number): Promise<Learner[]> {
      return query<Learner>(
        `WITH courses AS (INSERT INTO course (slug, title) SELECT 'course-' || n, 'Course ' || n FROM generate_series(1, 10) n ON CONFLICT (slug) DO UPDATE SET title = EXCLUDED.title RETURNING id),
              numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM courses),
              people AS (INSERT INTO "user" (email) SELECT gen_random_uuid() || '@example.org' FROM generate_series(1, $1) RETURNING id),
              seated AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM people)
         INSERT INTO workspace (key, user_id, course_id)
         SELECT 'k' || substr(md5(seated.id::text), 1, 19), seated.id, numbered.id FROM seated JOIN numbered ON numbered.n = seated.n % 10 + 1
         RETURNING user_id AS user, id AS workspace`,
        [count],
      );
    },

    /** Rows of servers that ended long ago, with their events. */
    async oldRows(count: number): Promise<void> {
      // In pieces that end before a query is given up.
      const piece = 10_000;
      for (let first = 0; first < count; first += piece) {
        await query(
          `WITH old AS (
             INSERT INTO server (profile, state, reason, workspace_id, instance, created_at, since, claimed_at, ended_at)
             SELECT 'default', 'stopped', 'idle', w.id, 'gone', at, at, at, at + interval '1 hour'
             FROM (SELECT now() - n * interval '5 minutes' AS at, n FROM generate_series($1::int + 1, $2::int) n) old
             JOIN (SELECT id, row_number() OVER () - 1 AS n, count(*) OVER () AS all FROM workspace) w ON w.n = old.n % w.all
             RETURNING id, since
           ) INSERT INTO server_event (server_id, at, state, reason, took_ms)
             SELECT id, since, unnest(ARRAY['running', 'stopping', 'stopped']), unnest(ARRAY[NULL, 'idle', 'idle']), 3000 FROM old`,
          [first, Math.min(first + piece, count)],
        );
      }
      await query('ANALYZE');
    },

    /** Of these learners' starts: how many failed once, or have no running server now. */
    async notStarted(learners: Learner[]): Promise<number> {
      const [found] = await query<{ count: number }>(
        `SELECT count(*) AS count FROM unnest($1::uuid[]) w WHERE NOT EXISTS (SELECT 1 FROM server s WHERE s.workspace_id = w AND s.state = 'running' AND s.attempts = 0)
           OR EXISTS (SELECT 1 FROM server s WHERE s.workspace_id = w AND s.state IN ('stopped', 'failed'))`,
        [learners.map(({ workspace }) => workspace)],
      );
      return found!.count;
    },

    /** How many live rows there are of each state; running ones count once they are marked. */
    async states(): Promise<Record<string, number>> {
      const rows = await query<{ state: string; count: number }>(`SELECT CASE WHEN state = 'running' AND marked_at IS NULL THEN 'unmarked' ELSE state END AS state, count(*) AS count FROM server WHERE state NOT IN ('stopped', 'failed') GROUP BY 1`);
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },

    async startController(more: Record<string, string>) {
      const began = performance.now();
      const child = launch('lib/controller/main.ts', { ...more, LECTERN_LOG_LEVEL: 'debug' }, ['--optimize-for-size', '--min-semi-space-size=8', '--max-semi-space-size=8']);
      const passes: { at: number; servers: number; ms: number }[] = [];
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (!line.includes('"msg":"pass"')) return;
        const { servers, ms } = JSON.parse(line) as { servers: number; ms: number };
        passes.push({ at: performance.now(), servers, ms });
      });
      const read = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
      return {
        began,
        passes,
        /** Seconds of processor time so far. */
        cpu: () => read('stat').split(') ')[1]!.split(' ').slice(11, 13).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_S,
        memoryBytes: () => residentOf(child.pid!),
        async stop(): Promise<void> {
          child.kill('SIGTERM');
          if (child.exitCode === null) await once(child, 'exit');
        },
      };
    },

    async end(): Promise<void> {
      await hub.close();
      await postgres.stop();
    },
  };
}

export type Site = Awaited<ReturnType<typeof makeSite>>;
export type Controller = Awaited<ReturnType<Site['startController']>>;
