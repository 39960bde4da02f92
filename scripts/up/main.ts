import { explain, makeProgress } from '../progress.mjs';
import { parseOptions, usage } from './options.ts';
import { makeEnding } from './ending.ts';
import { up } from './up.ts';

const progress = makeProgress();
const options = parseOptions(process.argv.slice(2));

if (typeof options === 'string') {
  process.stderr.write(`${options}\n\n${usage}\n`);
  process.exit(2);
}
if (options.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

const ending = makeEnding(progress);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void ending.end(0));
// The front door that started this process is gone, so nobody would stop what runs here.
process.on('disconnect', () => void ending.end(0));

try {
  await up(options, progress, ending);
} catch (error) {
  if (!ending.begun) process.stderr.write(explain(error));
  await ending.end(1);
}
