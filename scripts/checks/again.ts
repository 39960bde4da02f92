import type { Tally } from './tally.ts';

/** More failures than that are no flakiness. */
export const MOST = 10;

/** What one test may take alone: of a site or cluster that starts for it, and Playwright's five minutes for one journey. */
export const AGAIN_MS = 10 * 60_000;

/** Whether failed tests are worth a second try: where there are few, and only as long as each can have its whole time. */
export const isWorthAgain = ({ failed, timeLeftMs }: { failed: number; timeLeftMs: number }): boolean => failed <= MOST && timeLeftMs >= AGAIN_MS;

/** Nothing but one test that ran and passed: none found, or something left behind, keeps the failure. */
export const passedAlone = ({ passed, failures }: Tally): boolean => passed === 1 && failures.length === 0;
