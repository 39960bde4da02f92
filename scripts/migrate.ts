import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Brings the database the URL names (it must exist) to the newest migration. @throws with Prisma's own output when a migration fails */
export function migrate(url: string): void {
  execFileSync(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), 'migrate', 'deploy'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
