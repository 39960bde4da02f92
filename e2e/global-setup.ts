import { findings, installationSecrets, logsOf } from './secrets.ts';
import { startStack } from './stack.ts';

/**
 * One real Lectern for the whole run. What it leaves behind at its end fails the run, and so does a secret in a log (T35).
 * Who writes journeys keeps one over many runs, which E2E_SITE, E2E_STATE_DIR and E2E_DATABASE_URL name.
 */
export default async function globalSetup() {
  if (process.env.E2E_SITE) return;
  const stack = await startStack();
  process.env.E2E_SITE = stack.site;
  process.env.E2E_STATE_DIR = stack.stateDir;
  process.env.E2E_DATABASE_URL = stack.databaseUrl;
  return async () => {
    const searched = installationSecrets(stack.stateDir, stack.databaseUrl).then((secrets) => findings(logsOf(stack.stateDir), secrets));
    const [found] = await Promise.allSettled([searched]);
    await stack.stop();
    if (found.status === 'rejected') throw found.reason;
    if (found.value.length > 0) throw new Error(`T35 the logs of the run hold what they must not:\n${found.value.join('\n')}`);
  };
}
