import { randomBytes } from 'node:crypto';
import { pause } from '../../core/waiting.ts';
import type { Bus, BusEvent } from '../../core/bus.ts';
import { type Database, destroy, makeClient } from './database.ts';

type Options = {
  /** How often the bus speaks to itself, and how long it may take to hear that. */
  heartbeatMs?: number;
  timeoutMs?: number;
  /** First and longest wait before connecting again. */
  backOffMs?: { first: number; most: number };
  onError?: (error: Error) => void;
};

type Listener = { onEvent: (event: BusEvent) => void; onReset: () => void };

/**
 * The bus over LISTEN and NOTIFY, on a connection of its own straight to the database. A connection can be dead and not
 * know it, so the bus notifies itself and takes silence for death.
 */
export function makeBus(database: Database, directUrl: string, options: Options = {}): Bus & { close(): Promise<void> } {
  const { heartbeatMs = 2_000, timeoutMs = 3_000, backOffMs = { first: 100, most: 5_000 }, onError } = options;
  const listeners = new Set<Listener>();
  const beat = `lectern_beat_${randomBytes(6).toString('hex')}`;
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  let hears = false;

  const each = (tell: (listener: Listener) => void) => {
    for (const listener of [...listeners]) {
      try {
        tell(listener);
      } catch (error) {
        onError?.(error as Error);
      }
    }
  };

  /** One connection from its making to its death. Resolves when it is dead, or when the bus closes. */
  async function listen(onReady: () => void): Promise<void> {
    const client = makeClient(directUrl, 'lectern bus');
    const died = Promise.withResolvers<unknown>();
    let heard = performance.now();
    let asking = false;
    client.on('error', died.resolve);
    client.on('end', () => died.resolve(undefined));
    client.on('notification', ({ channel, payload }) => {
      heard = performance.now();
      const event = channel === 'lectern' ? parse(payload) : undefined;
      if (event) each(({ onEvent }) => onEvent(event));
    });
    const abort = () => died.resolve(undefined);
    closing.signal.addEventListener('abort', abort);
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([client.connect(), died.promise]);
      if (closing.signal.aborted) return;
      await Promise.race([client.query(`LISTEN lectern; LISTEN ${beat}`), died.promise]);
      heard = performance.now();
      hears = true;
      onReady();
      timer = setInterval(() => {
        if (performance.now() - heard > timeoutMs) died.resolve(undefined);
        if (asking) return;
        asking = true;
        client.query(`NOTIFY ${beat}`).then(() => (asking = false), died.resolve);
      }, heartbeatMs);
      await died.promise;
    } finally {
      hears = false;
      clearInterval(timer);
      closing.signal.removeEventListener('abort', abort);
      destroy(client);
    }
  }

  async function keepListening(): Promise<void> {
    let backOff = backOffMs.first;
    while (!closing.signal.aborted) {
      try {
        await listen(() => {
          backOff = backOffMs.first;
          // From here on nothing is lost; what happened before may have been.
          each(({ onReset }) => onReset());
        });
        if (!closing.signal.aborted) each(({ onReset }) => onReset());
      } catch (error) {
        onError?.(error as Error);
      }
      await pause(backOff * (0.5 + Math.random() / 2), closing.signal);
      backOff = Math.min(backOff * 2, backOffMs.most);
    }
  }

  return {
    async publish(event) {
      await database.query(`SELECT pg_notify('lectern', $1)`, [JSON.stringify(event)]);
    },
    subscribe(onEvent, onReset) {
      const listener = { onEvent, onReset };
      listeners.add(listener);
      running ??= keepListening();
      return () => listeners.delete(listener);
    },
    isListening: () => hears,
    async close() {
      listeners.clear();
      closing.abort();
      await running;
    },
  };
}

const parse = (payload: string | undefined): BusEvent | undefined => {
  try {
    return JSON.parse(payload ?? '') as BusEvent;
  } catch {
    return undefined;
  }
};
