import { makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { deployment, kubernetes, load, runStages } from './stages.ts';

const progress = makeProgress();
const abandoned = () => process.exit(130);
process.once('disconnect', abandoned);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const only = process.argv.slice(2);
report(await runStages([kubernetes(only), ...(only.length ? [] : [deployment, load])], progress, 60 * 60_000), progress);
// Our own goodbye is heard here too, and must not look like an interruption.
process.off('disconnect', abandoned);
process.disconnect?.();
