import type { Progress } from '../progress.mjs';
import { startOwnDatabase, type Database } from './database.ts';
import type { Ending } from './ending.ts';
import { forget, record } from './process-mark.ts';
import { restartAfterMs } from './supervisor.ts';

/** Starts the embedded PostgreSQL, keeps it running on its port, and stops it last of all: also one that is still on its way. */
export async function keepDatabase(stateDir: string, runDir: string, progress: Pick<Progress, 'warn'>, ending: Pick<Ending, 'begun' | 'onEnd'>): Promise<Database> {
  const stopping = new AbortController();
  const first = startOwnDatabase(stateDir, { signal: stopping.signal, onSpawn: (pid) => record(runDir, 'postgres', pid) });
  /** Undefined once a start has failed. */
  let latest = first.then(({ running }) => running, () => undefined);

  ending.onEnd('postgres', async () => {
    stopping.abort();
    await (await latest)?.stop();
    forget(runDir, 'postgres');
  });
  const { url, restart } = await first;

  async function watch() {
    for (let deaths = 0; ; ) {
      const running = await latest;
      if (running) {
        deaths = 0;
        await running.ended;
        if (ending.begun) return;
        progress.warn('postgres ended; it starts again.');
      }
      await new Promise((resolve) => setTimeout(resolve, restartAfterMs(++deaths)));
      if (ending.begun) return;
      latest = restart().catch((error: Error) => void (ending.begun || progress.warn(`postgres did not start: ${error.message}`)));
    }
  }
  void watch();
  return { url };
}
