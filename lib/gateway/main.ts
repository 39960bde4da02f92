import { readEnvironment } from '../config/read.ts';
import { untilMigrated } from '../core/admin/health.ts';
import { makeHub } from '../hub.ts';
import { makeGateway } from './server.ts';

const { config, secrets } = readEnvironment();
const hub = makeHub(config, secrets);
const starting = new AbortController();
let migrated = false;
void untilMigrated(hub.health, starting.signal).then(() => (migrated = true));
const gateway = makeGateway({ ...hub, isReady: () => migrated });
const port = await gateway.listen(config.port, config.host);
hub.log.info({ port }, 'ready');

let ending: Promise<void> | undefined;
const end = async () => {
  starting.abort();
  await gateway.drain();
  await hub.close();
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    ending ??= end().catch((err: unknown) => {
      hub.log.error({ err }, 'ended badly');
      process.exitCode = 1;
    });
  });
}
