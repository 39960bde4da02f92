import type { WorkspaceStore } from '../../core/workspaces/store.ts';
import { makeTurnstiles } from '../../core/waiting.ts';
import type { Database } from './database.ts';

/** Connections of one workspace at once. */
const EACH = 2;

/**
 * Locks of paths over all programs: PostgreSQL's advisory locks of a transaction, so that they end with the connection of
 * a process that died, and after two minutes of one that hangs. Waiters of this process queue here first, so that a busy
 * path holds one connection, and a workspace whose server is stuck no more than its share of them.
 */
export function makeLocks(db: Database, hungMs = 120_000): WorkspaceStore['serialised'] {
  const queue = makeQueue();
  const share = makeTurnstiles(EACH);
  return (workspace, path, work) => {
    const keys = [path].flat().map((name) => `${workspace}:${name}`).sort();
    const locked = () =>
      db.transaction(async (query) => {
        await query("SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('lock_timeout', '25s', true)", [`${hungMs}ms`]);
        // In the order of the keys, as everybody takes them: nobody waits in a circle.
        await query('SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(k, 7) AS h FROM unnest($1::text[]) AS k ORDER BY h) AS hashes', [keys]);
        // Work may last, as a large file over a slow line does; a process that hangs says nothing.
        const alive = setInterval(() => void query('SELECT 1').catch(() => undefined), hungMs / 4);
        try {
          return await work();
        } finally {
          clearInterval(alive);
        }
      });
    return queue(keys, () => share(workspace, locked));
  };
}

/** Runs work of the same key one after the other, and the rest at once. */
function makeQueue() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(keys: string[], work: () => Promise<T>): Promise<T> => {
    const before = Promise.all(keys.map((key) => last.get(key)));
    const mine = before.then(work);
    const settled = mine.catch(() => undefined);
    for (const key of keys) last.set(key, settled);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (last.get(key) === settled) last.delete(key);
    }
  };
}
