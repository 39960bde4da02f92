import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../lib/config/config.ts';
import type { Progress } from '../progress.mjs';
import { fillCompileCache } from './compile-cache.ts';
import { deployMigrations, pendingMigrations, givenDatabase } from './database.ts';
import type { Ending } from './ending.ts';
import { keepDatabase } from './keep-database.ts';
import { becomeSupervisor, endLeftovers, retire, runsAlready } from './leftovers.ts';
import type { Options } from './options.ts';
import { freePort, requireFrontPort, tryPort } from './ports.ts';
import { programs } from './programs.ts';
import { preparePythonStep } from './python.ts';
import { warnOfSandbox } from './sandbox.ts';
import { stopServers } from './servers.ts';
import { readSettings } from './settings.ts';
import { buildSite, isBuilt } from './site-build.ts';
import { makeSupervisor } from './supervisor.ts';
import { siteAnswers } from './site-answers.ts';
import { adminLinkText, fill, welcome } from './welcome.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Everything between a clone with its dependencies and a site that answers. Returns once it does; `ending` undoes it.
 * Asked for an admin's link while the site runs already, it prints that and ends.
 */
export async function up(options: Options, progress: Progress, ending: Ending): Promise<void> {
  const config = readSettings(process.env);
  const [runDir, logDir] = [join(config.stateDir, 'run'), join(config.stateDir, 'logs')];
  if (options.printAdminLink && runsAlready(runDir)) {
    const { adminLink } = await fill(root, named(config), config.stateDir, true);
    progress.line(adminLinkText(adminLink!));
    return ending.end(0);
  }
  becomeSupervisor(runDir, config.site.origin);
  ending.onEnd('this supervisor', async () => retire(runDir));

  const left = await endLeftovers(runDir);
  if (left.length) progress.warn(`An earlier Lectern was killed and left ${left.join(', ')} behind: ended. Its notebook servers are taken over.`);
  await requireFrontPort(config.port, config.host);
  const env = await environment(config);
  // Beside what follows, which mostly waits.
  const compiled = fillCompileCache(root, env);

  await preparePythonStep(config, progress);
  await warnOfSandbox(config, progress);

  const supervisor = makeSupervisor({ cwd: root, runDir, logDir, tell: progress.warn });
  const database = await progress.step('Database', () => (process.env.DATABASE_URL ? givenDatabase(process.env.DATABASE_URL) : keepDatabase(config.stateDir, runDir, progress, ending)));

  const pending = await pendingMigrations(root, database.url);
  if (pending.length) await progress.step('Migrations', async (note) => (await deployMigrations(root, database.url, note), `${pending.length} applied`));
  const first = await progress.step('Demonstration course', () => fill(root, env, config.stateDir, options.printAdminLink));

  if (!options.dev && !isBuilt(root)) await progress.step('Site build', (note) => buildSite(root, env, note));

  ending.onEnd('notebook servers', () => stopServers(root, env));
  mkdirSync(logDir, { recursive: true, mode: 0o700 });
  await compiled;
  for (const program of programs({ dev: options.dev, env, root })) {
    // Ends in the reverse of this order: the gateway first, the controller last.
    ending.onEnd(program.name, () => supervisor.stop(program));
    supervisor.start(program);
  }
  ending.onEnd('restarts', async () => supervisor.stopRestarting());
  await progress.step('Programs', (note) => siteAnswers(config, note, logDir));

  welcome(config, first, logDir, progress);
}

/** These settings for another process. Next puts its private port into PORT of its own process, so the site's address is said outright. */
const named = (config: Config): NodeJS.ProcessEnv => ({ ...process.env, PORT: String(config.port), LECTERN_SITE_URL: config.site.origin, LECTERN_STATE_DIR: config.stateDir });

/** What every program gets. The web program's private port moves when somebody has it and nobody chose it. */
async function environment(config: Config): Promise<NodeJS.ProcessEnv> {
  const chosen = process.env.LECTERN_WEB_PORT;
  const webPort = chosen || (await tryPort(config.webPort, '127.0.0.1')) === 'free' ? config.webPort : await freePort();
  if (chosen) await requireFrontPort(config.webPort, '127.0.0.1');
  return { ...named(config), LECTERN_WEB_PORT: String(webPort), NODE_COMPILE_CACHE: join(config.stateDir, 'compile-cache') };
}
