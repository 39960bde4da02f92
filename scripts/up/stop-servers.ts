import { readEnvironment } from '../../lib/config/read.ts';
import { makeControllerHub } from '../../lib/hub.ts';

// Ends every notebook server of this state folder, once the controller has ended. A program of its own: the supervisor that
// starts it stays small. What the rows say of these servers the next controller makes true (FAULTS F8).
const { config, secrets } = readEnvironment();
const hub = await makeControllerHub(config, secrets);
try {
  const listed = await hub.spawner.list();
  // Whoever asks at the next start why their server is gone is told that it was stopped, not that it was lost.
  const wanted = hub.serverStore.live().then((live) => Promise.all(live.map((server) => hub.serverStore.wantStopped(server.ref.id, 'admin'))));
  await wanted.catch((err: unknown) => hub.log.warn({ err }, 'rows of servers not told'));
  await Promise.all(listed.map((server) => hub.spawner.stop(server)));
} finally {
  await hub.close();
}
process.exit(0);
