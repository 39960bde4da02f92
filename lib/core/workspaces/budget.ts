import { durationInWords } from '../duration.ts';
import type { UserId } from '../ids.ts';
import { importLimits } from '../courses/import/limits.ts';
import { makeRemembered } from '../remembered.ts';
import { Withheld, type Allow } from './blobs.ts';
import { megabytes, SMALL_BYTES } from './size.ts';

/**
 * New bytes a person may add in an hour, in times of what a workspace's files may have. At the 500 MB of a default site these are 4 GB:
 * a notebook of 10 MB, plots included, saved every ten seconds through a class's hour is 3.6 GB of them. Who replaces a full
 * workspace more than eight times an hour writes for the disk and not for a course.
 */
const HOUR_TIMES = 8;

/** The same for authors' imports: the largest course sixteen times, each time with every file new. */
const IMPORT_TIMES = 16;

/** Small writes are counted together, once there are so many of one person: no save of a page waits for a row of its own. */
const COUNTED_BYTES = 256 * 1024;

/** So many people's uncounted bytes are remembered, 256 kB each at the most. */
const PEOPLE = 10_000;

/** What was spent in an hour that begins with the first byte, by the database's clock and over all programs. */
export interface Spending {
  /** Counts the bytes unless they would pass `mostBytes`. `leftS`: seconds until the hour ends. */
  spend(key: string, bytes: number, mostBytes: number): Promise<{ allowed: boolean; leftS: number }>;
  /** What the key spent in an hour that has not ended. */
  spent(key: string): Promise<number>;
}

/** How many bytes a person may add within an hour. Small ones go on past the budget for one time more, so that large data costs nobody their notebook. Bytes that are there already, from whomever, cost nothing. */
export function makeBudget({ spending, limitBytes }: { spending: Spending; limitBytes: number }) {
  const uncounted = makeRemembered<number>(PEOPLE);
  const hourBytes = HOUR_TIMES * limitBytes;
  const importBytes = IMPORT_TIMES * importLimits.unpackedBytes;
  const keyOf = (person: UserId) => `bytes:${person}`;

  async function spend(key: string, bytes: number, mostBytes: number, hour = mostBytes): Promise<void> {
    const { allowed, leftS } = await spending.spend(key, bytes, mostBytes);
    if (allowed) return;
    const say = `This was not saved: ${megabytes(hour)} of new data within an hour are as much as one person may add. It goes on in ${durationInWords(leftS)}.`;
    throw new Withheld({ code: 'quota', say, usedBytes: hour, limitBytes: hour, retryAfterS: leftS });
  }

  async function small(person: UserId, bytes: number): Promise<void> {
    const sum = (uncounted.get(person) ?? 0) + bytes;
    if (sum < COUNTED_BYTES) return void uncounted.keep(person, sum);
    uncounted.keep(person, 0);
    try {
      await spend(keyOf(person), sum, hourBytes + limitBytes, hourBytes);
    } catch (error) {
      // What was taken before stays to be counted.
      uncounted.keep(person, sum - bytes);
      throw error;
    }
  }

  return {
    of: (person: UserId): Allow => (bytes) => (bytes <= SMALL_BYTES ? small(person, bytes) : spend(keyOf(person), bytes, hourBytes)),
    ofImports: (author: UserId): Allow => (bytes) => spend(`import-bytes:${author}`, bytes, importBytes),
    /** Whether so many would be allowed now: asked before they are fetched from far. */
    fits: async (person: UserId, bytes: number): Promise<boolean> => bytes <= SMALL_BYTES || (await spending.spent(keyOf(person))) + bytes <= hourBytes,
  };
}

export type Budget = ReturnType<typeof makeBudget>;
