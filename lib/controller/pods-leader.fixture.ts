import { makeJupyter, makeTestHub, testProfile } from '../../scripts/testing/controller-hub.ts';
import { makePodsSpawner, type PodSettings } from '../../scripts/testing/pods-spawner.ts';
import type { Profile } from '../core/servers/server.ts';
import { makeController } from './controller.ts';
import { makeKillSwitch } from './kill-switch.fixture.ts';
import { quick } from './options.fixture.ts';

export type PodsLeader = { databaseUrl: string; kubeconfig: string; namespace: string; pods: PodSettings; profile: Partial<Profile>; leaseMs: number; /** The step after which this process kills itself. */ killedAfter?: string };

// A controller over pods as a process of its own: it can be killed and paused as no promise can.
const given = JSON.parse(process.argv[2]!) as PodsLeader;
const hub = makeTestHub(given.databaseUrl, { holder: `leader ${process.pid}`, leaseMs: given.leaseMs });
const spawner = makePodsSpawner(given.kubeconfig, given.namespace, given.pods);
const { wrap } = makeKillSwitch(given.killedAfter, () => process.kill(process.pid, 'SIGKILL'));
const say = (message: string) => process.stdout.write(`${message}\n`);
const controller = makeController(
  {
    store: wrap('store', hub.store),
    lease: wrap('lease', hub.lease),
    bus: hub.bus,
    spawner: wrap('spawner', spawner),
    jupyter: makeJupyter(),
    snapshots: { take: async () => {} },
    history: hub.history,
    keys: [{ server: new Uint8Array(32) }],
    profiles: [{ ...testProfile, poolFloor: 0, ...given.profile }],
    limits: { warningMs: 120_000, busyMs: 60_000, startAttempts: 2, retryMs: 100, saveMs: 60_000 },
    log: { ...hub.log, info: (_fields, message) => say(message) },
  },
  { ...quick, orphanGraceMs: 0 },
);
await controller.run(new AbortController().signal);
