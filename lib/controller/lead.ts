import type { Lease } from '../core/servers/lease.ts';
import type { Epoch } from '../core/servers/store.ts';
import type { Log } from './log.ts';
import { pause, together, within } from '../core/waiting.ts';

/** One time of leading. `signal` aborts when it is over; `confirm` asks the lease, once for all who ask at the same time. */
export type Term = { epoch: Epoch; signal: AbortSignal; confirm(): Promise<boolean> };

type Options = { renewMs: number; standbyMs: number };

/**
 * Leads whenever nobody else does, until the signal aborts. While the database is away nobody can tell who leads; then the
 * term lasts until the database answers, and everything it would do outside waits for `lease.confirm`.
 */
export async function lead({ lease, log }: { lease: Lease; log: Log }, work: (term: Term) => Promise<void>, signal: AbortSignal, { renewMs, standbyMs }: Options): Promise<void> {
  while (!signal.aborted) {
    const epoch = await lease.acquire().catch((error: unknown) => {
      log.warn({ err: error }, 'cannot ask who leads');
      return undefined;
    });
    if (epoch === undefined) {
      await pause(standbyMs * (0.75 + Math.random() / 2), signal);
      continue;
    }
    log.info({ epoch: String(epoch) }, 'leading');
    const over = new AbortController();
    const term: Term = { epoch, signal: AbortSignal.any([signal, over.signal]), confirm: together(() => lease.confirm(epoch)) };
    const renewing = keepRenewing();
    try {
      await work(term);
    } finally {
      over.abort();
      await renewing;
      await within(1_000, 'releasing the lease', lease.release(epoch)).catch((error: unknown) => log.warn({ err: error }, 'lease left to run out'));
      log.info({ epoch: String(epoch) }, 'no longer leading');
    }

    async function keepRenewing(): Promise<void> {
      while (!term.signal.aborted) {
        await pause(renewMs, term.signal);
        if (term.signal.aborted) return;
        // Raced with the end of the term: a database that does not answer must not hold up a shutdown.
        const held = await Promise.race([lease.renew(epoch!).catch(() => 'unknown' as const), aborted(term.signal)]);
        if (held === false) over.abort();
      }
    }
  }
}

const aborted = (signal: AbortSignal) => new Promise<'unknown'>((resolve) => (signal.aborted ? resolve('unknown') : signal.addEventListener('abort', () => resolve('unknown'), { once: true })));
