import { makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { runStages } from './run-stages.ts';
import { lint, types, unit } from './stages.ts';

const progress = makeProgress();
const abandoned = () => process.exit(130);
process.once('disconnect', abandoned);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

report(await runStages([types, lint, unit], progress, 10 * 60_000), progress);
// Our own goodbye is heard here too, and must not look like an interruption.
process.off('disconnect', abandoned);
process.disconnect?.();
