import { once } from 'node:events';
import type { EmbeddedPostgres } from '../postgres.ts';
import type { Progress } from '../progress.mjs';
import type { Database } from './database.ts';
import type { Ending } from './ending.ts';
import { forget, record } from './process-mark.ts';
import { restartAfterMs } from './supervisor.ts';

/** Keeps the embedded PostgreSQL running on its port, and stops it last of all. */
export function keepDatabase(embedded: NonNullable<Database['embedded']>, runDir: string, progress: Progress, ending: Ending): void {
  let running: EmbeddedPostgres = embedded.running;

  async function watch() {
    let deaths = 0;
    for (;;) {
      record(runDir, 'postgres', running.process.pid!);
      await once(running.process, 'exit');
      if (ending.begun) return;
      progress.warn('postgres ended; it starts again.');
      do {
        await new Promise((resolve) => setTimeout(resolve, restartAfterMs(++deaths)));
        if (ending.begun) return;
      } while (!(await again()));
      deaths = 0;
    }
  }
  async function again() {
    try {
      running = await embedded.restart();
      return true;
    } catch (error) {
      progress.warn(`postgres did not start: ${(error as Error).message}`);
      return false;
    }
  }

  void watch();
  ending.onEnd('postgres', async () => {
    if (running.process.exitCode === null && running.process.signalCode === null) await running.stop();
    forget(runDir, 'postgres');
  });
}
