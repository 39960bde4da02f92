import type { Progress } from '../progress.mjs';
import { totals, type Tally } from './tally.ts';

/** Names what was skipped, what was flaky and what failed, ends with the one line of totals, and sets the exit code. */
export function report(tally: Tally, progress: Progress): void {
  for (const line of lines(tally)) progress.line(line);
  process.exitCode = tally.failures.length ? 1 : 0;
}

/** Flaky tests are counted apart too, so that nobody gets used to them. */
export const lines = (tally: Tally): string[] => [
  '',
  ...tally.skips.map((skip) => `skipped  ${skip}`),
  ...tally.flaky.map((name) => `flaky    ${name}`),
  ...tally.failures.map(({ name }) => `FAILED   ${name}`),
  ...(tally.flaky.length ? [`${tally.flaky.length} flaky: failed at first, passed when run once more alone`] : []),
  totals(tally),
];
