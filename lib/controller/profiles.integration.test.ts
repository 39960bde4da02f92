import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { testProfile } from '../../scripts/testing/controller-hub.ts';
import { makeServers } from '../core/servers/open.ts';
import { makeWorld, patient, type World } from './world.fixture.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.end());

/** Servers by profile and state, such as `gpu warm`. */
const standing = async () => (await world.store.live()).map(({ profile, state }) => `${profile} ${state}`).sort();
const stand = (...wanted: string[]) => vi.waitFor(async () => expect(await standing()).toEqual(wanted), patient);

// Seen to fail with the pool of the default alone, and with any warm server claimed.
test('each profile has a pool of its own, and a learner gets a server of the profile asked for', async () => {
  world.start({ profile: { poolFloor: 2 }, others: [{ name: 'gpu', poolFloor: 1 }, { name: 'big' }] });
  await stand('default warm', 'default warm', 'gpu warm');
  const [one, other, third] = [await world.workspace(), await world.workspace(), await world.workspace()];
  expect(await world.store.claimWarm(one.id, 'gpu')).toMatchObject({ state: 'running', profile: 'gpu' });
  expect(await world.store.claimWarm(other.id, 'big')).toBe('none');
  await world.request(other.id, 'big');
  expect(await world.until(other.id, 'running')).toMatchObject({ profile: 'big' });
  await world.request(third.id, 'gpu');
  expect(await world.until(third.id, 'running')).toMatchObject({ profile: 'gpu' });
  await stand('big running', 'default warm', 'default warm', 'gpu running', 'gpu running', 'gpu warm');
  await world.converged();
});

// Seen to fail with one rest for all pools; and with what becomes of a start not learnt from where it failed before the next look.
test.each(['dies', 'throws'] as const)('F15 a profile whose servers cannot be started (each %s) rests, and does not keep another’s pool from being filled', async (script) => {
  world.script(script, 'gpu');
  world.start({ profile: { poolFloor: 1 }, others: [{ name: 'gpu', poolFloor: 1 }], options: { backOffMs: { first: 120_000, most: 120_000 } } });
  await vi.waitFor(async () => expect((await world.query(`SELECT 1 FROM server WHERE profile = 'gpu' AND state = 'failed'`)).length).toBeGreaterThan(0), patient);
  await stand('default warm');
  const { id } = await world.workspace();
  expect(await world.store.claimWarm(id, 'default')).toMatchObject({ state: 'running' });
  await stand('default running', 'default warm');
  expect(await world.query(`SELECT 1 FROM server WHERE profile = 'gpu'`), 'and rests itself').toHaveLength(1);
});

// Seen to fail with starts that wait for their image counted among those that run.
test('F15 a learner whose image cannot be fetched holds up nobody of another profile', async () => {
  world.script('no image', 'gpu');
  world.start({ others: [{ name: 'gpu' }], options: { startsAtOnce: 1 } });
  const [first, second] = [await world.workspace(), await world.workspace()];
  await world.request(first.id, 'gpu');
  await vi.waitFor(async () => expect(await world.store.of(first.id)).toMatchObject({ state: 'starting', stage: 'image' }), patient);
  await world.request(second.id);
  await world.until(second.id, 'running');
  expect(await world.store.of(first.id)).toMatchObject({ state: 'starting' });
});

// Seen to fail with warm servers kept while somebody waits for their room.
test('F5 a warm server that nobody of its profile waits for gives way to who has no room', async () => {
  world.start({ profile: { poolFloor: 2 }, others: [{ name: 'gpu' }], options: { maxServers: 2 } });
  await stand('default warm', 'default warm');
  const { id } = await world.workspace();
  await world.request(id, 'gpu');
  expect(await world.until(id, 'running')).toMatchObject({ profile: 'gpu' });
  await stand('default warm', 'gpu running');
  await world.converged();
});

// Seen to fail with the deadline and the limits of the default for all.
test('deadline and idle limit are the profile’s own', async () => {
  world.start({ others: [{ name: 'gpu', idleMs: 300, startDeadlineMs: 60_000 }, { name: 'slow', startDeadlineMs: 200 }] });
  const [one, other, third] = [await world.workspace(), await world.workspace(), await world.workspace()];
  for (const [{ id }, profile] of [[one, 'gpu'], [other, 'default']] as const) await world.request(id, profile);
  expect(await world.until(one.id, 'stopped')).toMatchObject({ reason: 'idle' });
  expect(await world.until(other.id, 'running')).toMatchObject({ profile: 'default' });
  world.script('never', 'slow');
  await world.request(third.id, 'slow');
  expect(await world.until(third.id, 'failed')).toMatchObject({ reason: 'deadline' });
});

// Seen to fail with pools looked at by the configured profiles alone.
test('a profile that is taken out: its warm servers end, who has one goes on, and who waits for one gets it', async () => {
  const first = world.start({ others: [{ name: 'gpu', poolFloor: 1 }] });
  await stand('gpu warm');
  const [one, other] = [await world.workspace(), await world.workspace()];
  expect(await world.store.claimWarm(one.id, 'gpu')).toMatchObject({ state: 'running' });
  await stand('gpu running', 'gpu warm');
  await first.stop();
  world.start();
  await stand('gpu running');
  await world.request(other.id, 'gpu');
  await world.until(other.id, 'running');
  await stand('gpu running', 'gpu running');
  await world.converged();
});

test('the course says from what its learners’ servers are made, from the next one on; a profile that is no more is the default, and operators hear of it', async () => {
  world.start({ profile: { poolFloor: 1 }, others: [{ name: 'gpu' }] });
  const missing: string[] = [];
  const profiles = [testProfile, { ...testProfile, name: 'gpu' }] as const;
  const servers = makeServers({ store: world.store, bus: world.bus, profiles, onMissingProfile: ({ profile }) => missing.push(profile), serversPerUser: 2, idleWarningMs: 1_000, onePersonUnsandboxed: false });
  const one = await world.workspace();
  const other = await world.workspace({ course: one.course });
  const choose = (profile: string | null) => world.query('UPDATE course SET profile = $2 WHERE id = $1', [one.course, profile]);

  await servers.open(one.id, one.user);
  expect(await world.until(one.id, 'running')).toMatchObject({ profile: 'default' });
  await choose('gpu');
  await servers.open(other.id, other.user);
  expect(await world.until(other.id, 'running')).toMatchObject({ profile: 'gpu' });
  expect(await servers.open(one.id, one.user)).toMatchObject({ ok: true });
  expect(await world.store.of(one.id)).toMatchObject({ state: 'running', profile: 'default' });

  await choose('gone');
  await servers.stop(other.id);
  await world.until(other.id, 'stopped');
  expect(missing).toEqual([]);
  await servers.open(other.id, other.user);
  expect(await world.until(other.id, 'running')).toMatchObject({ profile: 'default' });
  expect(missing).toEqual(['gone']);
});
