import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeServers } from '../core/servers/open.ts';
import { testProfile } from '../../scripts/testing/controller-hub.ts';
import { makeWorld, patient, type World } from './world.fixture.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.end());

const servers = (serversPerUser = 2, onePersonUnsandboxed = false) => makeServers({ store: world.store, bus: world.bus, profiles: [testProfile], serversPerUser, idleWarningMs: 120_000, onePersonUnsandboxed, markWaitMs: 20_000 });
const warm = (count: number) => vi.waitFor(async () => expect((await world.store.live()).filter(({ state }) => state === 'warm')).toHaveLength(count), patient);

test('opening a lesson takes a warm server, and answers once it is marked and may be entered', async () => {
  world.start({ profile: { poolFloor: 1 } });
  await warm(1);
  const { id, user } = await world.workspace();
  expect(await servers().open(id, user)).toMatchObject({ ok: true, value: { state: 'ready' } });
});

// Seen to fail without the partial unique index.
test('F3 twenty tabs that open a lesson at once get one server', async () => {
  world.start({ profile: { poolFloor: 3 } });
  await warm(3);
  const { id, user } = await world.workspace();
  const opened = await Promise.all(Array.from({ length: 20 }, () => servers().open(id, user)));
  await world.until(id, 'running');
  const seen = opened.map((outcome) => (outcome.ok && 'id' in outcome.value ? outcome.value.id : 'none'));
  expect(new Set(seen).size).toBe(1);
  expect((await world.store.live()).filter(({ state }) => state === 'running')).toHaveLength(1);
});

test('with nothing warm the learner waits with a place, and the same call tells of the server that has come', async () => {
  const { id, user } = await world.workspace();
  expect(await servers().open(id, user)).toMatchObject({ ok: true, value: { state: 'waiting', stage: 'queued', place: 1 } });
  world.start();
  await vi.waitFor(async () => expect(await servers().open(id, user)).toMatchObject({ ok: true, value: { state: 'ready' } }), patient);
});

test('whoever has as many servers as one may have reads in which courses they run', async () => {
  world.start();
  const first = await world.workspace();
  const [second, third] = [await world.workspace({ user: first.user }), await world.workspace({ user: first.user })];
  for (const { id } of [first, second]) expect(await servers().open(id, first.user)).toMatchObject({ ok: true });
  const refused = await servers().open(third.id, first.user);
  expect(refused).toMatchObject({ ok: false, refusal: { code: 'quota', usedBytes: 2, limitBytes: 2, say: expect.stringMatching(/2 servers running, in “course-\w+” and “course-\w+”/) } });
  await servers().stop(first.id);
  await world.until(first.id, 'stopped');
  expect(await servers().open(third.id, first.user)).toMatchObject({ ok: true });
});

// Seen to fail with the second count taken out: all six ran.
test('six courses opened at the same moment leave no more servers than one may have', async () => {
  world.start({ profile: { poolFloor: 6 } });
  await warm(6);
  const first = await world.workspace();
  const all = [first, ...(await Promise.all(Array.from({ length: 5 }, () => world.workspace({ user: first.user }))))];
  await Promise.all(all.map(({ id }) => servers().open(id, first.user)));
  await vi.waitFor(async () => expect((await world.store.liveOf(first.user)).length).toBeLessThanOrEqual(2), patient);
});

// Seen to fail with the question before the claim taken out (a server was claimed and had to be stopped), and with both (the second person's ran).
test('where servers have no sandbox and others can reach the site, a second person gets none while the first has one', async () => {
  world.start();
  const epoch = await vi.waitFor(async () => {
    const [row] = await world.query<{ epoch: number }>('SELECT epoch FROM lease WHERE expires_at > now()');
    expect(row).toBeDefined();
    return row!.epoch;
  }, patient);
  const [first, second] = [await world.workspace(), await world.workspace()];
  const guarded = servers(2, true);
  expect(await guarded.open(first.id, first.user)).toMatchObject({ ok: true });
  // With a sandbox there is room for both.
  expect(await guarded.open(second.id, second.user)).toMatchObject({ ok: true });
  await guarded.stop(second.id);
  await world.until(second.id, 'stopped');

  await world.lease.report(epoch as never, [{ lacks: 'sandbox', mend: 'install bubblewrap' }]);
  expect(await guarded.open(second.id, second.user)).toMatchObject({ ok: false, refusal: { code: 'unavailable', say: expect.stringContaining('one person at a time') } });
  expect(await world.store.liveOf(second.user)).toEqual([]);
  expect(await guarded.open(first.id, first.user)).toMatchObject({ ok: true });
  expect(await servers().open(second.id, second.user)).toMatchObject({ ok: true });
});

test('stopping says so at once and the end is told with its reason; keeping what does not run changes nothing', async () => {
  world.start();
  const { id, user } = await world.workspace();
  expect(await servers().stop(id)).toEqual({ state: 'none' });
  await servers().open(id, user);
  await world.until(id, 'running');
  expect((await servers().stop(id, 'admin')).state).toMatch(/stopping|ended/);
  await vi.waitFor(async () => expect(await servers().view(id)).toMatchObject({ state: 'ended', reason: 'admin' }), patient);
  expect(await servers().keep(id)).toMatchObject({ state: 'ended' });
});

test('a learner who waits is given the server that was being warmed, before anybody who comes later', async () => {
  world.script('never');
  world.start({ profile: { poolFloor: 1 } });
  await vi.waitFor(async () => expect((await world.store.live()).map(({ state }) => state)).toEqual(['warming']), patient);
  const [early, late] = [await world.workspace(), await world.workspace()];
  await servers().open(early.id, early.user);
  await servers().open(late.id, late.user);
  world.script('ready');
  const server = await world.until(early.id, 'running');
  await world.until(late.id, 'running');
  await world.converged();
  const [{ first }] = (await world.query<{ first: string }>('SELECT id AS first FROM server ORDER BY generation LIMIT 1')) as [{ first: string }];
  expect(server.ref.id).toBe(first);
});
