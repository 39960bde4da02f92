import type { History } from '../core/workspaces/thinning.ts';
import type { Log } from './log.ts';
import { pause } from '../core/waiting.ts';

export type HousekeepingOptions = {
  /** From the beginning of a term to the first time, and between two times. */
  housekeeping: { firstMs: number; everyMs: number };
};

/** Thins the past and gives back what nothing names, again and again until the signal aborts. A failure waits for the next time. */
export async function keepHouse({ history, log }: { history: History; log: Log }, signal: AbortSignal, { housekeeping }: HousekeepingOptions): Promise<void> {
  for (let wait = housekeeping.firstMs; ; wait = housekeeping.everyMs) {
    await pause(wait, signal);
    if (signal.aborted) return;
    try {
      // In this order: what the thinning lets go of may be what only it named.
      const revisions = await history.thin(new Date());
      const blobs = await history.sweepBlobs();
      if (revisions + blobs > 0) log.info({ revisions, blobs }, 'thinned the past');
    } catch (error) {
      log.warn({ err: error }, 'the past was not thinned');
    }
  }
}
