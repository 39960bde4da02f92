import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** More than PostgreSQL keeps of its log between two checkpoints, and little of the machine's memory. */
const SIZE_MB = 1_200;
const FOLDER = 'LECTERN_DRILL_SMALL_DISK';

/**
 * Runs this very program again with a small disk that only it and what it starts can see, and that is gone with them. Needs root.
 * @returns its exit code
 */
export function againWithSmallDisk(): number {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-small-'));
  try {
    const mounted = `mount -t tmpfs -o size=${SIZE_MB}m,mode=0755 lectern-drill "$${FOLDER}" && exec "$0" "$@"`;
    const { status } = spawnSync('unshare', ['-m', 'sh', '-c', mounted, process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', env: { ...process.env, [FOLDER]: folder } });
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** That disk, in the program that was run again. */
export const smallDisk = (): string | undefined => process.env[FOLDER];

/** Takes every byte that is left of the disk of this folder, and those that become free. `free` gives them back. */
export function fillDisk(folder: string): { free(): void } {
  const path = join(folder, 'filler');
  const file = openSync(path, 'w');
  const fill = () => {
    for (const size of [1 << 20, 1 << 12]) while (wrote(file, size));
  };
  fill();
  const again = setInterval(fill, 100);
  return {
    free() {
      clearInterval(again);
      closeSync(file);
      rmSync(path);
    },
  };
}

function wrote(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size, 'x')) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
