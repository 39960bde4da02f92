import { readEnvironment } from '../lib/config/read.ts';
import { makeSiteHub } from '../lib/hub.ts';

// Prints a sign-in link for an admin, good once and for a day, where `up` does not run: beside `next start`, in a pod.
const { config, secrets } = readEnvironment();
const hub = await makeSiteHub(config, secrets);
try {
  process.stdout.write(`${(await hub.adminLink.make(config.site)).href}\n`);
} finally {
  await hub.close();
}
