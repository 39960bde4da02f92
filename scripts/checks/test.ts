import { readSettings } from '../up/settings.ts';
import { preparePythonStep } from '../up/python.ts';
import { explain, makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { runStages } from './run-stages.ts';
import { awkward, browser, deployment, integration, kubernetes, lint, load, outsidePostgres, types, unit } from './stages.ts';

const LIMIT_MS = 75 * 60_000;

const progress = makeProgress();
const abandoned = () => process.exit(130);
process.once('disconnect', abandoned);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  await preparePythonStep(readSettings(process.env), progress);
  const stages = [types, lint, unit, integration, outsidePostgres, browser, kubernetes(), deployment(), load, ...(process.argv.includes('--up') ? [awkward] : [])];
  report(await runStages(stages, progress, LIMIT_MS), progress);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
// Our own goodbye is heard here too, and must not look like an interruption.
process.off('disconnect', abandoned);
process.disconnect?.();
