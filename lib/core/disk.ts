import type { Refusal } from './errors.ts';
import { Withheld, type Allow } from './workspaces/blobs.ts';
import { megabytes, SMALL_BYTES } from './workspaces/size.ts';

const GB = 1024 * 1024 * 1024;

/** The volume that the database lies on. */
export type Volume = { freeBytes: number; totalBytes: number };

/** Asks for the volume. @returns undefined where nobody here can know */
export interface Disk {
  look(): Promise<Volume | undefined>;
}

/**
 * So much is left to small saves, to PostgreSQL's log (a gigabyte by default: without room for it PostgreSQL stops altogether) and to whoever
 * has to make room. A tenth of a small volume.
 */
export const floorOf = (totalBytes: number): number => Math.min(2 * GB, Math.floor(totalBytes / 10));

/** What people type goes on for as long as it can; whatever is larger than a megabyte has to leave the floor free. */
export const roomFor = (bytes: number, freeBytes: number, floorBytes: number): boolean => bytes <= SMALL_BYTES || freeBytes - bytes >= floorBytes;

/** `short`: below the floor. `full`: a write has found no room at all. */
export type Shortage = { state: 'short' | 'full'; freeBytes?: number; floorBytes?: number };

export const shortOfDisk: Refusal = { code: 'disk_full', say: 'This was not saved: the site is short of disk space and takes nothing large until its administrators have made room. Small files can still be saved.', retryAfterS: 60 };
export const diskIsFull: Refusal = { code: 'disk_full', say: 'This was not saved: the site’s disk is full. Its administrators have been told. Keep this page open.', retryAfterS: 60 };

/** What admins read. */
export const sayShortage = ({ state, freeBytes, floorBytes }: Shortage): string =>
  [
    state === 'full' ? 'A write found no room on the disk: saves are refused.' : `Writes of more than ${megabytes(SMALL_BYTES)} are refused; small saves go on.`,
    ...(freeBytes !== undefined && floorBytes !== undefined ? [`${megabytes(freeBytes)} of the database’s volume are free, and ${megabytes(floorBytes)} are the floor.`] : []),
    'Nothing that was acknowledged is lost. Make the volume larger, or make room on it; saves then go on by themselves.',
  ].join(' ');

/** Whether a volume without room is at the bottom of it: ENOSPC of a file system, 53100 of PostgreSQL, wherever among the causes. */
export function isDiskFull(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < 8 && typeof cause === 'object' && cause !== null; depth += 1) {
    const { code, cause: next } = cause as { code?: unknown; cause?: unknown };
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') return true;
    cause = next;
  }
  return false;
}

/** How old an answer about the volume may be: what is written meanwhile is taken off it. */
const FRESH_MS = 5_000;
/** So long after the last write that found no room it counts as full. */
const FULL_MS = 60_000;
/** Between two tellings of one shortage that lasts. */
const AGAIN_MS = 3_600_000;

type Deps = { disk: Disk; now?: () => number; /** At the beginning of a shortage, when it gets worse, and once an hour. */ tell: (shortage: Shortage) => void };

/** What this program knows of the room on the database's volume, and who is told. */
export function makeDiskWatch({ disk, now = Date.now, tell }: Deps) {
  let seen: (Volume & { at: number }) | undefined;
  let asking: Promise<void> | undefined;
  let fullAt = -Infinity;
  let told: { state: Shortage['state']; at: number } | undefined;

  async function look(): Promise<void> {
    // Who cannot be asked says nothing: writes go on, and a full disk says so itself.
    const volume = await disk.look().catch(() => undefined);
    seen = volume && { ...volume, at: now() };
  }

  function shortage(): Shortage | undefined {
    const known = seen && { freeBytes: seen.freeBytes, floorBytes: floorOf(seen.totalBytes) };
    if (now() - fullAt < FULL_MS) return { state: 'full', ...known };
    return known && known.freeBytes < known.floorBytes ? { state: 'short', ...known } : undefined;
  }

  function report(): void {
    const found = shortage();
    if (!found) return void (told = undefined);
    const worse = found.state === 'full' && told?.state === 'short';
    if (told && !worse && now() - told.at < AGAIN_MS) return;
    told = { state: found.state, at: now() };
    tell(found);
  }

  const watch = {
    /** Looks at the volume, tells of a shortage that is news, and returns it. */
    async look(): Promise<Shortage | undefined> {
      await (asking ??= look().finally(() => (asking = undefined)));
      report();
      return shortage();
    },

    /** Refuses what would pass the floor. */
    allow: (async (bytes) => {
      if (bytes <= SMALL_BYTES) return;
      if (!seen || now() - seen.at > FRESH_MS) await watch.look();
      if (!seen) return;
      if (!roomFor(bytes, seen.freeBytes, floorOf(seen.totalBytes))) {
        report();
        throw new Withheld(shortOfDisk);
      }
      seen.freeBytes -= bytes;
    }) satisfies Allow,

    /** Whether it is a full disk that made something fail, which then is told of here and need not be logged. */
    isToBlame(error: unknown): boolean {
      if (!isDiskFull(error)) return false;
      fullAt = now();
      report();
      return true;
    },
  };
  return watch;
}

export type DiskWatch = ReturnType<typeof makeDiskWatch>;
