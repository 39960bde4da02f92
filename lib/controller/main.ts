import { availableParallelism } from 'node:os';
import { readEnvironment } from '../config/read.ts';
import { untilMigrated } from '../core/admin/health.ts';
import { within } from '../core/waiting.ts';
import { makeControllerHub } from '../hub.ts';
import { defaultOptions, makeController } from './controller.ts';
import { answerProbes } from './probes.ts';

const { config, secrets } = readEnvironment();
const hub = await makeControllerHub(config, secrets);
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ending.abort());

const controller = makeController(
  {
    store: hub.serverStore,
    lease: hub.lease,
    bus: hub.bus,
    spawner: hub.spawner,
    jupyter: hub.jupyter,
    snapshots: hub.snapshots,
    history: hub.history,
    keys: secrets.keys,
    profiles: config.profiles,
    limits: { warningMs: config.idleWarningMs, busyMs: config.busyMs, startAttempts: 3, retryMs: 1_000, saveMs: 3 * 60_000 },
    log: hub.log,
  },
  // On one machine a start keeps about one CPU busy: more at once would make each learner wait longer.
  { ...defaultOptions, maxServers: config.maxServers, startsAtOnce: config.startsAtOnce ?? Math.max(2, availableParallelism()) },
);

let migrated = false;
if (config.healthPort) answerProbes(config.healthPort, config.host, () => migrated);
await untilMigrated(hub.health, ending.signal);
migrated = true;
hub.log.info('ready');
await controller.run(ending.signal);
await within(500, 'closing', hub.close()).catch(() => {});
// A call that hangs somewhere outside must not keep an ended program.
process.exit(0);
