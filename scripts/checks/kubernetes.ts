import { makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { kubernetes, runStages } from './stages.ts';

const progress = makeProgress();
const abandoned = () => process.exit(130);
process.once('disconnect', abandoned);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

report(await runStages([kubernetes(process.argv.slice(2))], progress, 60 * 60_000), progress);
// Our own goodbye is heard here too, and must not look like an interruption.
process.off('disconnect', abandoned);
process.disconnect?.();
