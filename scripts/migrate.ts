import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readEnvironment } from '../lib/config/read.ts';

const root = join(import.meta.dirname, '..');

/** Brings the database the URL names (it must exist) to the newest migration. @throws with Prisma's own output when a migration fails */
export function migrate(url: string): void {
  execFileSync(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), 'migrate', 'deploy'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

if (import.meta.main) {
  const { secrets } = readEnvironment();
  try {
    migrate(secrets.databaseDirectUrl);
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    console.error(`The database could not be brought to this version:\n${stdout ?? ''}${stderr ?? ''}`.replaceAll(secrets.databaseDirectUrl, '<DATABASE_URL>'));
    process.exitCode = 1;
  }
}
