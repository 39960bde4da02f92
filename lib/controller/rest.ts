const MOST_MS = 1_000;
/** Events come in bunches; one pass serves them all. */
const LEAST_MS = 10;

/**
 * How long to leave it be after a pass, which then has a fifth of the time at most where thousands of servers make it costly.
 * @param took microseconds of processor time, as `process.cpuUsage` has them
 */
export const restMs = ({ user, system }: { user: number; system: number }, waitedMs: number): number => Math.max(LEAST_MS, Math.min((4 * (user + system)) / 1000, MOST_MS) - waitedMs);
