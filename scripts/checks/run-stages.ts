import type { Progress } from '../progress.mjs';
import { AGAIN_MS, isWorthAgain, passedAlone } from './again.ts';
import type { Stage } from './runners.ts';
import { add, nothing, oneFailed, oneFlaky, type Failure, type Tally } from './tally.ts';

/** What came of all stages, and what each took. */
export type Run = { tally: Tally; times: { name: string; ms: number }[] };

/** Runs the stages in turn and tells what came of each; then whatever failed and may be tried again, alone. All of it gets `limitMs`. */
export async function runStages(stages: Stage[], progress: Progress, limitMs: number): Promise<Run> {
  const deadline = Date.now() + limitMs;
  let sum = nothing;
  const times: Run['times'] = [];
  let failed: { failure: Failure; alone?: Stage }[] = [];
  for (const stage of stages) {
    const began = Date.now();
    progress.line(`\n== ${stage.name}`);
    const left = deadline - began;
    const tally = left > 0 ? await stage.run(left) : oneFailed(`${stage.name}: no time was left for it`);
    sum = add(sum, { ...tally, failures: [] });
    failed = [...failed, ...tally.failures.map((failure) => ({ failure, alone: failure.test && stage.alone?.(failure.test) }))];
    const ms = Date.now() - began;
    times.push({ name: stage.name, ms });
    progress.line(`== ${stage.name}: ${tally.passed} passed, ${tally.failures.length} failed, ${tally.skips.length} skipped, ${(ms / 1000).toFixed(1)} s`);
  }
  const began = Date.now();
  const retried = failed.filter(({ alone }) => alone).length;
  for (const { failure, alone } of failed) {
    const worth = alone && isWorthAgain({ failed: retried, timeLeftMs: deadline - Date.now() });
    const passes = worth && (await passesAlone(failure, alone, progress));
    sum = add(sum, passes ? oneFlaky(failure.name) : { ...nothing, failures: [failure] });
  }
  if (retried > 0) times.push({ name: 'once more, alone', ms: Date.now() - began });
  return { tally: sum, times };
}

async function passesAlone({ name }: Failure, alone: Stage, progress: Progress): Promise<boolean> {
  progress.line(`\n== once more, alone: ${name}`);
  const passes = passedAlone(await alone.run(AGAIN_MS));
  progress.line(`== once more, alone: ${passes ? 'passed' : 'failed again'}`);
  return passes;
}
