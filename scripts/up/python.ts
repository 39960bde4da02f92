import type { Config } from '../../lib/config/config.ts';
import { Obstacle, type Progress } from '../progress.mjs';
import { preparePython, PythonError } from '../python-environment.ts';

/** A step is shown only when it takes long enough to be seen: an environment that is there takes milliseconds. */
const SEEN_MS = 1_000;

/** The notebook environment, made where it is missing or out of date. @throws Obstacle with the mend */
export async function preparePythonStep(config: Config, progress: Progress): Promise<void> {
  let tell = (_: string) => {};
  const made = preparePython({ python: config.local.python, dir: config.local.pythonDir, onProgress: (line) => tell(line) }).catch((error: unknown) => {
    throw error instanceof PythonError ? new Obstacle(error.message) : error;
  });
  const soon = await Promise.race([made.then(() => 'made' as const), new Promise<'slow'>((done) => setTimeout(done, SEEN_MS, 'slow'))]);
  if (soon === 'made') return;
  await progress.step('Python environment', async (note) => {
    tell = note;
    await made;
  });
}
