import type { Progress } from '../progress.mjs';
import type { Run } from './run-stages.ts';
import { totals } from './tally.ts';

/** Names what was skipped, how long each stage took, what was flaky and what failed, ends with the one line of totals, and sets the exit code. */
export function report(run: Run, progress: Progress): void {
  for (const line of lines(run)) progress.line(line);
  process.exitCode = run.tally.failures.length ? 1 : 0;
}

/** Flaky tests are counted apart too, so that nobody gets used to them. */
export const lines = ({ tally, times }: Run): string[] => [
  '',
  ...tally.skips.map((skip) => `skipped  ${skip}`),
  ...[...times, { name: 'all', ms: times.reduce((sum, { ms }) => sum + ms, 0) }].map(({ name, ms }) => `${String(Math.round(ms / 1000)).padStart(6)} s ${name}`),
  ...tally.flaky.map((name) => `flaky    ${name}`),
  ...tally.failures.map(({ name }) => `FAILED   ${name}`),
  ...(tally.flaky.length ? [`${tally.flaky.length} flaky: failed at first, passed when run once more alone`] : []),
  totals(tally),
];
