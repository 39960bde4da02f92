import { join } from 'node:path';
import { run } from '../run.mjs';

/**
 * Fills Node's compile cache with everything the gateway and the controller are made of. A program that finds all of it
 * there does not load Node's TypeScript compiler, not even at its first start: 25 MB less in each. One that cannot be
 * loaded says so itself when it starts.
 */
export async function fillCompileCache(root: string, env: NodeJS.ProcessEnv): Promise<void> {
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'scripts/up/load-programs.ts')], { cwd: root, env, timeoutMs: 60_000 });
}
