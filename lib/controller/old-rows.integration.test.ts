import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeTestHub } from '../../scripts/testing/controller-hub.ts';
import { makeWorld, patient, type World } from './world.fixture.ts';

const OLD = 100_000;

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.end());

/** Servers of learners long gone and of one who is here, with their events, over the year that ends an hour ago. */
async function addOldRows(): Promise<void> {
  const client = new pg.Client({ connectionString: world.url });
  await client.connect();
  try {
    await client.query(
      `WITH old AS (
         INSERT INTO server (profile, state, reason, workspace_id, instance, created_at, since, claimed_at, ended_at)
         SELECT 'default', CASE WHEN old.n % 10 = 0 THEN 'failed' ELSE 'stopped' END, 'idle', w.id, 'gone', at, at, at, at + interval '1 hour'
         FROM (SELECT n, now() - interval '2 hours' - n * interval '5 minutes' AS at FROM generate_series(1, ${OLD}) n) old
         JOIN (SELECT id, row_number() OVER () - 1 AS n, count(*) OVER () AS all FROM workspace) w ON w.n = old.n % w.all RETURNING id, since
       ) INSERT INTO server_event (server_id, at, state, took_ms) SELECT id, since, unnest(ARRAY['running', 'stopping', 'stopped']), 3000 FROM old`,
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}

/** How many rows of servers and of their events were read, as the database counts them once a connection has ended. */
async function rowsRead(): Promise<number> {
  const [found] = await world.query<{ read: number }>(`SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 AS read FROM pg_stat_user_tables WHERE relname IN ('server', 'server_event')`);
  return found!.read;
}

// Seen to fail, each alone, without the index of those that live (`server_live`), without that of those that have ended (`server_ended`), and with a controller that lists all of them. That
// takes its first pass less than three seconds: the five were seen to fail with one that, besides, looks for each of the first 20,000.
test('F24 with 100,000 servers that have ended a controller is at work within five seconds, and nothing that is asked of servers reads them', async () => {
  for (let course = 0; course < 20; course++) await world.workspace();
  const [here, next] = [await world.workspace(), await world.workspace()];
  const first = world.start({ profile: { poolFloor: 1 } });
  const ref = await world.request(here.id);
  await world.until(here.id, 'running');
  await world.converged();
  await first.stop();
  await addOldRows();
  await vi.waitFor(async () => expect((await world.query<{ n: number }>(`SELECT n_tup_ins AS n FROM pg_stat_user_tables WHERE relname = 'server_event'`))[0]!.n).toBeGreaterThan(2 * OLD), patient);
  const before = await rowsRead();

  const url = `${world.url}?application_name=counted`;
  const began = performance.now();
  const controller = world.start({ profile: { poolFloor: 1 }, databaseUrl: url });
  await vi.waitFor(() => expect(controller.logged).toContainEqual(expect.objectContaining({ message: 'pass' })), patient);
  expect(performance.now() - began).toBeLessThan(5_000);

  const hub = makeTestHub(url);
  const asked = await hub.store.request(next.id, 'default');
  if (asked === 'taken') throw new Error('taken');
  await hub.store.place(asked.ref.id);
  expect(await hub.store.of(here.id)).toMatchObject({ state: 'running', ref });
  expect(await hub.store.countLive(here.user)).toBe(1);
  expect(await hub.store.liveOf(here.user)).toMatchObject([{ id: ref.id }]);
  expect((await hub.admin.live()).map(({ id }) => id)).toContain(ref.id);
  expect(await hub.admin.ended(20)).toHaveLength(20);
  expect(await hub.admin.people('', 100)).toHaveLength(22);
  expect(await hub.admin.minutes(60)).toHaveLength(60);
  await world.until(next.id, 'running');
  await hub.close();
  await controller.stop();

  await vi.waitFor(async () => expect(await world.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'counted' AND datname = current_database()`)).toEqual([]), patient);
  // Those of the last two days, from which admins' minutes are counted, are 1,728 events.
  expect((await rowsRead()) - before).toBeLessThan(OLD / 10);
});
