import { join } from 'node:path';
import type { Config } from '../../lib/config/config.ts';
import type { Program } from './supervisor.ts';

type Setting = { dev: boolean; config: Config; env: NodeJS.ProcessEnv; root: string };

/** The three programs over the one database, in the order in which they start. */
export function programs({ dev, config, env, root }: Setting): Program[] {
  const next = [join(root, 'node_modules/next/dist/bin/next'), dev ? 'dev' : 'start', '-H', '127.0.0.1', '-p', env.LECTERN_WEB_PORT!];
  // From its second start on a program runs without Node's TypeScript compiler in memory, which is 20 MB.
  const small = { ...env, NODE_COMPILE_CACHE: join(config.stateDir, 'cache/node') };
  // A small young generation keeps what these two hold near what they need.
  const typescript = (main: string) => ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', ...(dev ? ['--watch'] : []), join(root, main)];
  return [
    { name: 'controller', command: process.execPath, args: ['--max-semi-space-size=1', ...typescript('lib/controller/main.ts')], env: small, graceMs: 15_000 },
    { name: 'web', command: process.execPath, args: next, env: { ...env, NODE_ENV: dev ? 'development' : 'production' }, graceMs: 5_000 },
    { name: 'gateway', command: process.execPath, args: typescript('lib/gateway/main.ts'), env: small, graceMs: 5_000 },
  ];
}
