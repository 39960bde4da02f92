import { makeTestHub, testProfile } from '../../scripts/testing/controller-hub.ts';
import { makeController } from './controller.ts';
import { makeFolderSpawner, makeScriptedJupyter } from './folder-spawner.fixture.ts';
import { quick } from './options.fixture.ts';

// A controller as a process of its own, over a folder of servers that others see too: it can be paused as no promise can.
const [url, folder, name, leaseMs] = process.argv.slice(2) as [string, string, string, string];
const hub = makeTestHub(url, { holder: name, leaseMs: Number(leaseMs) });
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
const say = (message: string) => process.stdout.write(`${message}\n`);

const controller = makeController(
  {
    store: hub.store,
    lease: hub.lease,
    bus: hub.bus,
    spawner: makeFolderSpawner(folder, name),
    jupyter: { ...makeScriptedJupyter(), putBack: never, remove: never, list: never, read: never, openSession: never },
    snapshots: { take: async () => {} },
    history: hub.history,
    keys: [{ server: new Uint8Array(32) }],
    profiles: [{ ...testProfile, poolFloor: 0 }],
    limits: { warningMs: 60_000, busyMs: 60_000, startAttempts: 2, retryMs: 20, saveMs: 60_000 },
    log: { ...hub.log, info: (_fields, message) => say(message) },
  },
  { ...quick, passMs: 40, orphanGraceMs: 0 },
);
await controller.run(ending.signal);
await hub.close();

async function never(): Promise<never> {
  throw new Error('the controller does not call this');
}
