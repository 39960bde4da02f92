import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type Own } from './answer.ts';

/**
 * A body may be slow, not standing: it starts with credit for `graceMs`, each byte adds to it (never beyond that), time takes
 * `bytesPerS` from it. A line of 300 kbit/s brings nine times as much.
 */
export type LeastRate = { graceMs: number; bytesPerS: number };

export const tooSlow: Own = { status: 408, code: 'too_slow', say: 'What was sent came too slowly and was given up. Try again when the connection is better.' };

type Awaited = { request: IncomingMessage; response: ServerResponse; creditMs: number; read: number };

/** Gives up on bodies that do not come. Time in which what came waits for us is nobody's fault and does not count. */
export function makePace({ graceMs, bytesPerS }: LeastRate, clock: () => number = () => performance.now()) {
  const awaited = new Set<Awaited>();
  let last = clock();
  function look() {
    const passed = clock() - last;
    last += passed;
    for (const one of awaited) {
      const { request, response } = one;
      if (request.complete || request.destroyed || response.writableEnded) {
        awaited.delete(one);
        continue;
      }
      const read = request.socket.bytesRead;
      if (request.readableLength === 0) one.creditMs = Math.min(graceMs, one.creditMs + ((read - one.read) * 1_000) / bytesPerS) - passed;
      one.read = read;
      if (one.creditMs > 0) continue;
      awaited.delete(one);
      answer(request, response, tooSlow);
    }
  }
  const timer = setInterval(look, Math.min(1_000, graceMs / 4));
  timer.unref();

  return {
    /** Costs nothing where there is no body. */
    watch(request: IncomingMessage, response: ServerResponse) {
      if (hasBody(request)) awaited.add({ request, response, creditMs: graceMs, read: request.socket.bytesRead });
    },
    stop: () => clearInterval(timer),
  };
}

export const hasBody = ({ headers }: IncomingMessage) => headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');
