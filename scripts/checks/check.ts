import { makeProgress } from '../progress.mjs';
import { report } from './report.ts';
import { lint, runStages, types, unit } from './stages.ts';

const progress = makeProgress();
process.once('disconnect', () => process.exit(130));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

report(await runStages([types, lint, unit], progress, 10 * 60_000), progress);
process.disconnect?.();
