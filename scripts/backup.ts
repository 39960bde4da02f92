import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { withDatabase } from './backup/database-at-hand.ts';
import { writeBackup } from './backup/write.ts';
import { explain, makeProgress, Obstacle } from './progress.mjs';

const progress = makeProgress();
try {
  const given = process.argv[2] ?? `lectern-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.backup`;
  const file = resolve(process.env.INIT_CWD ?? '.', given);
  if (existsSync(file)) throw new Obstacle(`${file} is there already. Name another file.`);
  await withDatabase((url) =>
    progress.step(`Backup to ${file}`, async () => {
      const { tables, bytes } = await writeBackup(url, file);
      return `${tables} tables, ${(bytes / 1024 ** 2).toFixed(1)} MB before compression`;
    }),
  );
  progress.line('Keep it where only you can read it: it holds people’s work and addresses. The root secret (the file `secret` of the state folder, or LECTERN_SECRET) is not in it.');
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
process.disconnect?.();
