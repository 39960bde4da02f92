import { explain, type Progress } from '../progress.mjs';

/** What must be undone at the end, in the reverse of the order in which it was done. */
export function makeEnding(progress: Progress) {
  const undo: { what: string; run: () => Promise<void> }[] = [];
  let begun: Promise<never> | undefined;

  async function endAll(code: number): Promise<never> {
    if (undo.length) progress.line('\nStopping');
    for (const { what, run } of undo.toReversed()) {
      try {
        await run();
      } catch (error) {
        code ||= 1;
        progress.warn(`While stopping ${what}: ${explain(error).trim()}`);
      }
    }
    if (undo.length) progress.line('Stopped.');
    process.exit(code);
  }

  return {
    get begun() {
      return begun !== undefined;
    },
    /** `run` must end by itself within seconds. */
    onEnd: (what: string, run: () => Promise<void>) => void undo.push({ what, run }),
    /** Undoes everything once and ends this process. Further calls wait for the first. */
    end: (code: number): Promise<never> => (begun ??= endAll(code)),
  };
}

export type Ending = ReturnType<typeof makeEnding>;
