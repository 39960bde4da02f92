import type { ControllerOptions } from './controller.ts';

/** A controller in a hurry: what takes seconds in the product takes milliseconds here. */
export const quick: ControllerOptions = {
  maxServers: 40, startsAtOnce: 4, passMs: 100, startingPassMs: 20, renewMs: 500, standbyMs: 50, orphanGraceMs: 400, backOffMs: { first: 20, most: 200 }, writeMs: 50, statusMs: 200, snapshotGapMs: 20, housekeeping: { firstMs: 3_600_000, everyMs: 3_600_000 },
};
