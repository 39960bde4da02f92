import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareCluster } from '../cluster/cluster.ts';
import { missingForCluster } from '../cluster/missing.ts';
import { explain, makeProgress, Obstacle } from '../progress.mjs';

// `npm run load -- --spawner kubernetes [--small] [--guide] [--only running]`: the load test, in a cluster of simulated nodes that is there for it alone.
try {
  const { values } = parseArgs({ options: { spawner: { type: 'string' }, small: { type: 'boolean' }, guide: { type: 'boolean' }, only: { type: 'string' } } });
  if (values.spawner !== 'kubernetes') throw new Obstacle('npm run load -- --spawner kubernetes [--small] [--guide] [--only running]. Servers of one machine are limited by its processors: `npm run bench` measures them.');
  const missing = await missingForCluster('kwok');
  if (missing) throw new Obstacle(`No cluster to load: ${missing}.`);
  const { env, within } = await prepareCluster('kwok', makeProgress());
  const flags: string[] = (['small', 'guide'] as const).filter((flag) => values[flag]).map((flag) => `--${flag}`);
  if (values.only) flags.push('--only', values.only);
  const [program, ...args] = within([process.execPath, join(import.meta.dirname, 'run.ts'), ...flags]);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  const child = spawn(program!, args, { env: { ...process.env, KUBECONFIG: undefined, NODES: '20', ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
