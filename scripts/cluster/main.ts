import { explain, makeProgress, Obstacle } from '../progress.mjs';
import { prepareCluster, runWithin } from './cluster.ts';
import { missingForCluster } from './missing.ts';

// `npm run cluster -- api|kwok|node CMD...`: a real Kubernetes for as long as the command runs; a shell where none is given.
const [mode = 'node', ...command] = process.argv.slice(2);

try {
  if (mode !== 'api' && mode !== 'kwok' && mode !== 'node') throw new Obstacle('npm run cluster -- api|kwok|node [command...]');
  const missing = await missingForCluster(mode);
  if (missing) throw new Obstacle(`No test cluster: ${missing}.`);
  await runWithin(await prepareCluster(mode, makeProgress()), command.length ? command : ['bash']);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
