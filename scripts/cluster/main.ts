import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { explain, makeProgress, Obstacle } from '../progress.mjs';
import { prepareCluster } from './cluster.ts';
import { missingForCluster } from './missing.ts';

// `npm run cluster -- api|kwok|node CMD...`: a real Kubernetes for as long as the command runs; a shell where none is given.
const [mode = 'node', ...command] = process.argv.slice(2);

try {
  if (mode !== 'api' && mode !== 'kwok' && mode !== 'node') throw new Obstacle('npm run cluster -- api|kwok|node [command...]');
  const missing = await missingForCluster(mode);
  if (missing) throw new Obstacle(`No test cluster: ${missing}.`);
  const { env, within } = await prepareCluster(mode, makeProgress());
  const [program, ...args] = within(command.length ? command : ['bash']);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  const child = spawn(program!, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
