import { pause } from './waiting.ts';

/**
 * Lets so many a second through, and a burst after a quiet time; whoever is faster waits, and with them the stream they read from.
 * @returns resolves when the next one may go on, or the signal aborts
 */
export function makePace(perSecond: number, burst: number, clock: () => number = () => performance.now()): (signal: AbortSignal) => Promise<void> | undefined {
  let left = burst;
  let at = clock();
  return (signal) => {
    const now = clock();
    left = Math.min(burst, left + ((now - at) / 1000) * perSecond) - 1;
    at = now;
    return left >= 0 ? undefined : pause((-left / perSecond) * 1000, signal);
  };
}
