import { join } from 'node:path';
import type { Program } from './supervisor.ts';

type Setting = { dev: boolean; env: NodeJS.ProcessEnv; root: string };

/** The three programs over the one database, in the order in which they start. */
export function programs({ dev, env, root }: Setting): Program[] {
  const next = [join(root, 'node_modules/next/dist/bin/next'), dev ? 'dev' : 'start', '-H', '127.0.0.1', '-p', env.LECTERN_WEB_PORT!];
  const typescript = (main: string) => ['--disable-warning=ExperimentalWarning', ...(dev ? ['--watch'] : []), join(root, main)];
  // Room for new objects, in MB, is never given back: with Node's own choice each program keeps up to 30 MB it does not need.
  const room = (mb: number) => `--max-semi-space-size=${mb}`;
  // glibc raises both thresholds to the largest block that was ever given back, and then keeps what lies below one still in use. After fifty
  // pages of 30 MB of outputs that was 111 MB of the web program; 27 MB with these values, of a smaller drill.
  const givesBack = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
  return [
    { name: 'controller', command: process.execPath, args: [room(1), ...typescript('lib/controller/main.ts')], env, graceMs: 15_000 },
    { name: 'web', command: process.execPath, args: dev ? next : [room(8), ...next], env: { ...givesBack, ...env, NODE_ENV: dev ? 'development' : 'production' }, graceMs: 5_000 },
    { name: 'gateway', command: process.execPath, args: [room(4), ...typescript('lib/gateway/main.ts')], env, graceMs: 5_000 },
  ];
}
