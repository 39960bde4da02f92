import { writeSync } from 'node:fs';
import { readEnvironment } from '../../lib/config/read.ts';
import { makeSiteHub } from '../../lib/hub.ts';
import { seedDemonstration, type DemoSignIn } from '../../prisma/seed.ts';

/** What `first-data.ts` answers its parent, as the one line of JSON on descriptor 3. */
export type FirstData = { demo: DemoSignIn[]; adminLink?: string };

// A program of its own, so that Prisma and the importer are in memory only for as long as they work. `--admin-link` asks for
// another link; the first one is made together with the demonstration people.
const { config, secrets } = readEnvironment();
const hub = await makeSiteHub(config, secrets);
try {
  const { pool, blobs, courses, authoring, passwords } = hub;
  const demo = await seedDemonstration({ pool, blobs, courses, authoring, passwords });
  const wanted = demo.length > 0 || process.argv.includes('--admin-link');
  const answer: FirstData = { demo, ...(wanted && { adminLink: (await hub.adminLink.make(config.site)).href }) };
  writeSync(3, JSON.stringify(answer));
} finally {
  await hub.close();
}
