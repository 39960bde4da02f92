import type { Progress } from '../progress.mjs';
import { totals, type Tally } from './tally.ts';

/** Names what was skipped and what failed, ends with the one line of totals, and sets the exit code. */
export function report(tally: Tally, progress: Progress): void {
  progress.line('');
  for (const skip of tally.skips) progress.line(`skipped  ${skip}`);
  for (const failure of tally.failures) progress.line(`FAILED   ${failure}`);
  progress.line(totals(tally));
  process.exitCode = tally.failures.length ? 1 : 0;
}
