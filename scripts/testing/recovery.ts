import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The next start of PostgreSQL on this data stays in recovery, as after a bad crash, until `letRecover`: it runs and lets nobody in. */
export function holdInRecovery(data: string): void {
  // Otherwise a standby would let readers in.
  appendFileSync(join(data, 'postgresql.auto.conf'), 'hot_standby = off\n');
  writeFileSync(join(data, 'standby.signal'), '');
}

export function letRecover(data: string, { pid }: { pid: number }): void {
  writeFileSync(join(data, 'promote'), '');
  process.kill(pid, 'SIGUSR1');
}
