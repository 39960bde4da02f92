import { makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { runStages } from './run-stages.ts';
import { deployment, kubernetes, load } from './stages.ts';

const progress = makeProgress();
const abandoned = () => process.exit(130);
process.once('disconnect', abandoned);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

// Files, if given, choose the stage too.
const only = process.argv.slice(2);
const deployed = only.filter((file) => file.startsWith('k8s/deployment'));
const others = only.filter((file) => !deployed.includes(file));
const stages = only.length === 0 ? [kubernetes(), deployment(), load] : [...(others.length ? [kubernetes(others)] : []), ...(deployed.length ? [deployment(deployed)] : [])];
report(await runStages(stages, progress, 60 * 60_000), progress);
// Our own goodbye is heard here too, and must not look like an interruption.
process.off('disconnect', abandoned);
process.disconnect?.();
