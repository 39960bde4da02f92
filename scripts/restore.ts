import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withDatabase } from './backup/database-at-hand.ts';
import { readBackup } from './backup/read.ts';
import { explain, makeProgress, Obstacle } from './progress.mjs';

const progress = makeProgress();
try {
  if (!process.argv[2]) throw new Obstacle('Which backup? npm run restore -- <file>');
  const file = resolve(process.env.INIT_CWD ?? '.', process.argv[2]);
  if (!existsSync(file)) throw new Obstacle(`There is no file ${file}.`);
  await withDatabase((url) =>
    progress.step(`Restore of ${file}`, async () => {
      const { madeAt, tables } = await readBackup(url, file, join(import.meta.dirname, '..'));
      return `${tables.length} tables as they were at ${madeAt}`;
    }),
  );
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
