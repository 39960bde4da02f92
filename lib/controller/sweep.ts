import type { ServerId } from '../core/ids.ts';
import type { Listed } from '../core/servers/spawner.ts';
import type { ServerStore } from '../core/servers/store.ts';
import type { Log } from './log.ts';

type Deps = { store: ServerStore; now: () => Date; log: Log; /** Begins it, and does not wait for its end. */ stop: (one: Listed) => void };

/**
 * Stops what the spawner runs and no live row owns: remains of what has ended at once, what no row knows at all after a
 * grace. Neither is ever put into a pool.
 */
export function makeSweep({ store, now, log, stop }: Deps, graceMs: number) {
  let firstSeen = new Map<string, number>();

  return async function sweep(listed: Listed[], live: ReadonlySet<string>, working: ReadonlyMap<ServerId, unknown>): Promise<void> {
    const strange = listed.filter((one) => !live.has(`${one.id}/${one.generation}`) && !working.has(one.id));
    const seenNow = new Map<string, number>();
    for (const one of strange) {
      const key = `${one.id}/${one.generation}`;
      // The list is younger than the rows: this server's row may be younger too.
      const row = await store.find(one);
      if (row && row.state !== 'stopped' && row.state !== 'failed') continue;
      const since = firstSeen.get(key) ?? now().getTime();
      seenNow.set(key, since);
      if (!row && now().getTime() - since < graceMs) continue;
      log.warn({ server: one.id, generation: one.generation, known: row !== undefined }, 'stopping a server nobody owns');
      stop(one);
    }
    firstSeen = seenNow;
  };
}
