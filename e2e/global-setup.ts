import { startStack } from './stack.ts';

/**
 * One real Lectern for the whole run. What it leaves behind at its end fails the run.
 * Who writes journeys keeps one over many runs, which E2E_SITE, E2E_STATE_DIR and E2E_DATABASE_URL name.
 */
export default async function globalSetup() {
  if (process.env.E2E_SITE) return;
  const stack = await startStack();
  process.env.E2E_SITE = stack.site;
  process.env.E2E_STATE_DIR = stack.stateDir;
  process.env.E2E_DATABASE_URL = stack.databaseUrl;
  return stack.stop;
}
