import { createHash } from 'node:crypto';
import { accessSync, constants, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The short folder outside the tree in which the servers of this installation have their sockets and state; the same for the same
 * state folder at every start, so that what runs is found again. `makeLocalSpawner` makes it and checks whose it is.
 */
export function privateRunDir(stateDir: string): string {
  const uid = process.getuid?.() ?? 0;
  const installation = createHash('sha256').update(real(resolve(stateDir))).digest('hex').slice(0, 10);
  if (uid === 0 && canWrite('/run')) return `/run/lectern-${installation}`;
  // macOS's own temporary folder is too long for a socket's path.
  const folder = process.platform === 'linux' ? tmpdir() : '/tmp';
  return join(folder.length > 40 ? '/tmp' : folder, `lectern-${uid}-${installation}`);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
