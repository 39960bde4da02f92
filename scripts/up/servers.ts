import { join } from 'node:path';
import { Obstacle } from '../progress.mjs';
import { run } from '../run.mjs';

const LIMIT_MS = 30_000;

/** Ends every notebook server of this state folder, after the controller has ended: nothing of them is left on the machine. */
export async function stopServers(root: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { code, tail } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'scripts/up/stop-servers.ts')], { cwd: root, env, timeoutMs: LIMIT_MS });
  if (code !== 0) throw new Obstacle(`Not every notebook server could be stopped:\n${tail}`);
}
