import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { testProfile } from '../../scripts/testing/controller-hub.ts';
import { slow, withPods } from './pods.fixture.ts';

const on = withPods();

// Seen to fail with the youngest server of a workspace taken for its last: the reason shown was that of a request the pool had answered.
test('F14 F26 a learner’s server is a pod: claimed warm, marked, and its owner reads why it went and gets another', async () => {
  on.start({ profile: { poolFloor: 1 } });
  await on.warm();
  const { id: workspace } = await on.world.workspace();
  expect(await on.world.store.claimWarm(workspace, testProfile.name)).toMatchObject({ state: 'running' });
  await on.settled();

  const first = await on.until(workspace, 'running');
  await on.namespace.evict(first.ref);
  const evicted = performance.now();
  expect(await on.until(workspace, 'failed')).toMatchObject({ reason: 'evicted' });
  expect(performance.now() - evicted).toBeLessThan(30_000);

  await on.world.request(workspace);
  const second = await on.until(workspace, 'running');
  expect(second.ref).not.toEqual(first.ref);
  await on.namespace.api.call('DELETE', on.namespace.path(second.ref));
  expect(await on.until(workspace, 'failed')).toMatchObject({ reason: 'lost' });
  await on.settled();
});

// Its parts are seen to fail in sight.test.ts (the stage) and reconcile.test.ts (the reason).
test('F15 whose server’s image is missing reads so at once, and at the deadline as the reason; nothing is left', async () => {
  const by = on.namespace.open({ image: 'registry.invalid/lectern/absent:1', pullPolicy: 'Never' });
  on.start({ profile: { startDeadlineMs: 30_000 } }, by);
  const { id: workspace } = await on.world.workspace();
  await on.world.request(workspace);
  await vi.waitFor(async () => expect(await on.world.store.of(workspace)).toMatchObject({ state: 'starting', stage: 'image' }), slow);
  expect(await on.until(workspace, 'failed')).toMatchObject({ reason: 'image' });
  await on.settled();
  expect(await on.namespace.pods()).toEqual([]);
});

test.each(['store.move starting', 'spawner.start', 'store.move running'])('F6 a controller killed by SIGKILL after %s leaves one pod, and the next one goes on with it', async (killedAfter) => {
  const { child } = on.startProcess({ killedAfter });
  const { id: workspace } = await on.world.workspace();
  const ref = await on.world.request(workspace);
  await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  on.start();
  await on.until(workspace, 'running');
  await on.settled();
  expect(await on.spawner.list()).toMatchObject([ref]);
});

test('F17 two controllers over one cluster make one pod for one wish', async () => {
  on.start({ leaseMs: 2_000 });
  on.start({ leaseMs: 2_000 }, on.namespace.open());
  const { id: workspace } = await on.world.workspace();
  await on.world.request(workspace);
  await on.until(workspace, 'running');
  await on.settled();
  expect(await on.spawner.list()).toHaveLength(1);
});
