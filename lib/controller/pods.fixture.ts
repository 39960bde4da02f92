import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, vi } from 'vitest';
import { makeJupyter } from '../../scripts/testing/controller-hub.ts';
import { makeLearnersNamespace, type LearnersNamespace, type TestKubernetesSpawner } from '../../scripts/testing/learners-namespace.ts';
import type { WorkspaceId } from '../core/ids.ts';
import type { Profile } from '../core/servers/server.ts';
import type { PodsLeader } from './pods-leader.fixture.ts';
import { makeWorld, type StartOptions, type World } from './world.fixture.ts';

export const slow = { timeout: 200_000, interval: 50 };
const profile: Partial<Profile> = { cpus: 1, memoryBytes: 768 << 20, diskBytes: 100 << 20, startDeadlineMs: 200_000 };

/** For the tests of a file: a database of each test's own, a namespace of the real cluster, and controllers over both. */
export function withPods() {
  let namespace: LearnersNamespace;
  let world: World;
  let spawner: TestKubernetesSpawner;
  let jupyter: ReturnType<typeof makeJupyter>;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    namespace = await makeLearnersNamespace();
  });
  afterAll(() => namespace.remove());
  beforeEach(async () => {
    world = await makeWorld();
    jupyter = makeJupyter();
    spawner = namespace.open();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await world.end();
    await jupyter.close();
    await namespace.empty();
  });

  return {
    get namespace() {
      return namespace;
    },
    get world() {
      return world;
    },
    get spawner() {
      return spawner;
    },

    start: (given: Partial<StartOptions> = {}, by = spawner) =>
      world.start({ real: { spawner: by, jupyter }, leaseMs: 10_000, limits: { warningMs: 120_000, retryMs: 100 }, ...given, profile: { ...profile, ...given.profile } }),

    /** A controller as a process of its own. */
    startProcess(given: Partial<PodsLeader> = {}) {
      const all: PodsLeader = { databaseUrl: world.url, kubeconfig: inject('kubeconfig'), namespace: namespace.name, pods: namespace.settings, leaseMs: 2_000, ...given, profile: { ...profile, ...given.profile } };
      const child = spawn(process.execPath, [join(import.meta.dirname, 'pods-leader.fixture.ts'), JSON.stringify(all)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const said: string[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
      children.push(child);
      return { child, said };
    },

    async warm(count = 1) {
      await vi.waitFor(async () => expect((await world.store.live()).map(({ state }) => state)).toEqual(Array.from({ length: count }, () => 'warm')), slow);
    },

    /** Waits as long as a real pod may take. */
    async until<State extends 'running' | 'failed' | 'starting' | 'stopped'>(workspace: WorkspaceId, state: State) {
      await vi.waitFor(async () => expect(await world.store.of(workspace)).toMatchObject({ state }), slow);
      return world.until(workspace, state);
    },

    /** Waits until each row that lives has its pod, each pod its row, and each learner's pod its mark. */
    settled: () =>
      vi.waitFor(async () => {
        const rows = await world.store.live();
        expect(rows.every(({ state, desired }) => desired === 'run' && (state === 'warm' || state === 'running'))).toBe(true);
        expect((await namespace.servers()).sort(byId)).toEqual(rows.map(({ ref, state }) => ({ ...ref, claimed: state === 'running' })).sort(byId));
      }, slow),
  };
}

const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
