import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeHistory } from '../../lib/adapters/postgres/history.ts';
import { makeLease } from '../../lib/adapters/postgres/lease.ts';
import { readConfig } from '../../lib/config/config.ts';
import { defaultOptions, makeController } from '../../lib/controller/controller.ts';
import type { LessonId, UserId, WorkspaceId } from '../../lib/core/ids.ts';
import type { CircuitLimits } from '../../lib/core/servers/circuit.ts';
import type { Access } from '../../lib/core/servers/jupyter.ts';
import { anyProfile } from '../../lib/core/servers/server.fixture.ts';
import { serverSecrets } from '../../lib/core/servers/secrets.ts';
import type { Actor } from '../../lib/core/users/actor.ts';
import { makeSnapshots } from '../../lib/core/workspaces/snapshots.ts';
import { makeSiteHub } from '../../lib/hub.ts';
import { makeDatabase } from './database.ts';
import { makeTestSpawner } from './server.ts';

type Options = { poolFloor?: number; settings?: Record<string, string>; circuits?: CircuitLimits };

/** The root secret of each test site. */
export const SECRET = 'a secret for the tests of the site';

/** What a learner finds in a cell-less notebook with these cells of code. */
export const notebookOf = (...code: string[]) => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  cells: code.map((source, index) => ({ id: `cell-${index}`, cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null })),
});

/**
 * The site as it runs, without Next: its hub over a database of its own, and a real controller with real servers in
 * sandboxes. `end` leaves nothing of it.
 */
export async function makeTestSite(pythonDir: string, { poolFloor = 1, settings = {}, circuits }: Options = {}) {
  const database = await makeDatabase();
  const stateDir = mkdtempSync(join(tmpdir(), 'lectern-site-'));
  const { config, secrets } = readConfig({ LECTERN_SECRET: SECRET, DATABASE_URL: database.url, LECTERN_STATE_DIR: stateDir, LECTERN_LOG_LEVEL: 'error', LECTERN_SERVERS_PER_USER: '10', ...settings });
  const hub = await makeSiteHub(config, secrets, circuits);
  const spawner = await makeTestSpawner(pythonDir);
  const unkept: { path: string; why: string }[] = [];
  const snapshots = makeSnapshots({ ...hub, limitBytes: config.workspaceBytes, now: () => new Date(), store: hub.serverStore, onUnkept: (facts) => unkept.push(...facts.some) });
  const ending = new AbortController();
  const controller = makeController(
    {
      store: hub.serverStore,
      lease: makeLease(hub.database, { holder: 'test' }),
      bus: hub.bus,
      spawner,
      jupyter: hub.jupyter,
      snapshots,
      history: makeHistory(hub.database),
      keys: secrets.keys,
      profiles: [{ ...anyProfile, name: 'default', poolFloor }],
      limits: { warningMs: 60_000, busyMs: 3_600_000, startAttempts: 3, retryMs: 200, saveMs: 60_000 },
      log: hub.log,
    },
    { ...defaultOptions, passMs: 500, maxServers: 6, startsAtOnce: 2, snapshotGapMs: 100 },
  );
  const running = poolFloor < 0 ? Promise.resolve() : controller.run(ending.signal);

  const site = {
    hub,
    snapshots,
    unkept,
    spawner,

    /** Somebody who is signed in. */
    async person(role: Actor['role'] = 'user'): Promise<Actor> {
      const email = `${randomUUID()}@example.org`;
      const [user] = await hub.database.query<{ id: UserId }>('INSERT INTO "user" (email, role) VALUES ($1, $2::site_role) RETURNING id', [email, role]);
      const session = await hub.sessions.start(user!.id, { lastsMs: 3_600_000 });
      return { id: user!.id, session, role, name: 'Somebody', email };
    },

    /** A published course of one lesson. */
    async course(path: string, notebook: object, assets: Record<string, Uint8Array> = {}) {
      const author = await site.person('instructor');
      const kept = await Promise.all(Object.entries(assets).map(async ([at, bytes]) => {
        const { sha256, size } = await hub.blobs.put(bytes, Infinity);
        return { path: at, sha256, size };
      }));
      const { sha256 } = await hub.blobs.put(Buffer.from(JSON.stringify(notebook)), Infinity);
      const lesson = { slug: 'one', title: 'One', path, notebook: sha256, assets: kept };
      const { id } = await hub.authoring.create(author.id, { slug: 'course', title: 'Course', summary: '', modules: [{ title: 'M', lessons: [lesson] }] });
      await hub.authoring.setPublished(id, true);
      const [row] = await hub.database.query<{ id: LessonId }>('SELECT l.id FROM lesson l JOIN module m ON m.id = l.module_id WHERE m.course_id = $1', [id]);
      return { course: id, lesson: row!.id };
    },

    async warm(count = 1): Promise<void> {
      const warm = async () => (await hub.serverStore.live()).filter(({ state }) => state === 'warm').length;
      while ((await warm()) < count) await new Promise((resolve) => setTimeout(resolve, 50));
    },

    /** The way to the workspace's running server that only our programs have. */
    async access(workspace: WorkspaceId): Promise<Access> {
      const server = await hub.serverStore.of(workspace);
      if (server?.state !== 'running') throw new Error(`the server is ${server?.state}`);
      return { ref: server.ref, address: server.address, secrets: serverSecrets(secrets.keys[0]!.server, server.ref) };
    },

    /** Ends the workspace's server without a word to anybody. */
    async kill(workspace: WorkspaceId): Promise<void> {
      await spawner.stop((await site.access(workspace)).ref);
    },

    async end(): Promise<void> {
      ending.abort();
      await running;
      await spawner.end();
      await hub.close();
      await database.drop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return site;
}

export type TestSite = Awaited<ReturnType<typeof makeTestSite>>;
