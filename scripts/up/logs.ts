import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Past this a log turns over. With its old ones one program's logs have about 40 MB, and what it writes between two looks. */
const LOG_BYTES = 10 * 1024 * 1024;
/** Old logs kept, the newest as `.1`. */
const OLD = 3;

/**
 * The programs' log files. They write to them by themselves, also while nobody supervises, so a file that is full is copied and emptied
 * and not renamed: the descriptor they hold appends to the same file. What is written between the two is lost.
 */
export function makeLogs(folder: string, mostBytes = LOG_BYTES) {
  const fileOf = (name: string) => join(folder, `${name}.log`);

  function turn(name: string): void {
    const file = fileOf(name);
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= mostBytes) return;
    for (let age = OLD - 1; age > 0; age -= 1) if (statSync(`${file}.${age}`, { throwIfNoEntry: false })) renameSync(`${file}.${age}`, `${file}.${age + 1}`);
    try {
      writeFileSync(`${file}.1`, lastOf(file, size, mostBytes), { mode: 0o600 });
    } catch {
      // Where the disk has no room for the old one it is given up: the full one is what takes the room.
      rmSync(`${file}.1`, { force: true });
    }
    truncateSync(file);
  }

  return {
    fileOf,
    /** Turns it over when it is full; of more than its size only the end is kept. */
    turn,
    /** For a program to append to. The caller closes it. */
    open(name: string): number {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      turn(name);
      return openSync(fileOf(name), 'a', 0o600);
    },
  };
}

function lastOf(file: string, size: number, bytes: number): Uint8Array {
  const end = Buffer.alloc(bytes);
  const from = openSync(file, 'r');
  try {
    return end.subarray(0, readSync(from, end, 0, bytes, size - bytes));
  } finally {
    closeSync(from);
  }
}
