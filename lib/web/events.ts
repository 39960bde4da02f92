import type { Actor } from '../core/users/actor.ts';
import type { Feed } from '../core/workspaces/feed.ts';

/** Proxies close what is silent for a minute; browsers notice a dead connection only when something is sent. */
const HEARTBEAT_MS = 15_000;
/** A browser that takes nothing in is let go before it costs memory; it connects again when it wakes. */
const UNREAD_EVENTS = 256;

/** Server-sent events of one person, for as long as the sign-in and the request last. */
export function eventStream({ feed }: { feed: Feed }, actor: Actor, signal: AbortSignal): Response {
  const encode = new TextEncoder();
  let stop = () => {};
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string) => {
          if ((controller.desiredSize ?? 0) < -UNREAD_EVENTS) stop();
          else controller.enqueue(encode.encode(text));
        };
        let open = true;
        const leave = feed.listen({ actor, send: (event) => open && write(`data: ${JSON.stringify(event)}\n\n`), end: () => stop() });
        const beat = setInterval(() => open && write(': still here\n\n'), HEARTBEAT_MS);
        stop = () => {
          if (!open) return;
          open = false;
          clearInterval(beat);
          signal.removeEventListener('abort', stop);
          leave();
          if (!cancelled) controller.close();
        };
        signal.addEventListener('abort', stop);
        if (signal.aborted) return stop();
        write('retry: 1000\n\n');
      },
      cancel() {
        cancelled = true;
        stop();
      },
    },
    { highWaterMark: 1 },
  );
  // no-transform: Next would gzip the stream, and events would wait in the compressor.
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' } });
}
