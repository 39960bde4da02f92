import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareCluster, runWithin } from '../cluster/cluster.ts';
import { missingForCluster } from '../cluster/missing.ts';
import { explain, makeProgress, Obstacle } from '../progress.mjs';

// `npm run load -- --spawner kubernetes [--small] [--guide] [--only claims|running|starts]`: the load test, in a cluster of simulated nodes that is there for it alone.
try {
  const { values } = parseArgs({ options: { spawner: { type: 'string' }, small: { type: 'boolean' }, guide: { type: 'boolean' }, only: { type: 'string' } } });
  if (values.spawner !== 'kubernetes') throw new Obstacle('npm run load -- --spawner kubernetes [--small] [--guide] [--only claims|running|starts]. Servers of one machine are limited by its processors: `npm run bench` measures them.');
  const missing = await missingForCluster('kwok');
  if (missing) throw new Obstacle(`No cluster to load: ${missing}.`);
  const flags: string[] = (['small', 'guide'] as const).filter((flag) => values[flag]).map((flag) => `--${flag}`);
  if (values.only) flags.push('--only', values.only);
  await runWithin(await prepareCluster('kwok', makeProgress()), [process.execPath, join(import.meta.dirname, 'run.ts'), ...flags], { KUBECONFIG: undefined, NODES: '20' });
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
