import { startStack } from './stack.ts';

/** One real Lectern for the whole run. What it leaves behind at its end fails the run. */
export default async function globalSetup() {
  const stack = await startStack();
  process.env.E2E_SITE = stack.site;
  process.env.E2E_STATE_DIR = stack.stateDir;
  process.env.E2E_DATABASE_URL = stack.databaseUrl;
  return stack.stop;
}
