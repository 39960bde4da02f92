import type { Prepared, Workers } from '../../core/lessons/preparing.ts';
import { makePool, type PoolOptions } from './pool.ts';

/**
 * Two, so that one person's page is not all there is. A text within its budget takes 0.3 s at the most, on a machine with much else to
 * do a few times that; and 100 MB of the heap. They stay for a class's quiet minutes: the first page after that would wait 0.3 s for one.
 */
const workers = { size: 2, each: 1, waiting: 200, heapMb: 256, deadlineMs: 1_500, idleMs: 10 * 60_000 };

/** @param file `rendering.worker.ts`, by its path: it is outside of Next's bundle */
export function makeRenderingWorkers(file: string, options: Partial<Omit<PoolOptions, 'file'>> = {}): Workers & { close(): Promise<void> } {
  const pool = makePool({ file, ...workers, ...options });
  return {
    async run(piece, person) {
      const begun = await pool.begin(person);
      if (!begun) return { state: 'full', tookMs: 0 };
      const began = performance.now();
      const ran = await begun.run<Prepared>(piece);
      return { ...ran, tookMs: performance.now() - began };
    },
    close: pool.close,
  };
}
