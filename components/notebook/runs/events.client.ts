import type { SiteEvent } from '../../../lib/core/servers/view.ts';

type Listener = (event: SiteEvent | { kind: 'listening' }) => void;

const channelName = 'lectern-events';
/** Until then a page that was just opened has better things to ask for. In milliseconds. */
const firstMs = 500;
const listeners = new Set<Listener>();
let stop: (() => void) | undefined;

/**
 * Site events, over one stream for the whole browser: HTTP/1.1 allows six connections, and the seventh tab would hang. The
 * tab that holds the lock reads the stream and tells the others. What happened before `listening` was not told: ask anew.
 * @returns stops listening
 */
export function onSiteEvent(listener: Listener): () => void {
  listeners.add(listener);
  stop ??= start();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    stop?.();
    stop = undefined;
  };
}

function start(): () => void {
  const ended = new AbortController();
  const channel = new BroadcastChannel(channelName);
  const tell: Listener = (event) => listeners.forEach((listener) => listener(event));
  channel.onmessage = (message: MessageEvent<SiteEvent>) => tell(message.data);
  const lead = () =>
    readStream(ended.signal, (event) => {
      channel.postMessage(event);
      tell(event);
    });
  // Resolves, and so gives the lock to another tab, when this one stops; a closed tab loses it by itself.
  void navigator.locks.request(channelName, { signal: ended.signal }, lead).catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  return () => {
    ended.abort();
    channel.close();
  };
}

function readStream(signal: AbortSignal, tell: Listener): Promise<void> {
  return new Promise((resolve) => {
    // A lock may still be granted to who has just given up asking.
    if (signal.aborted) return resolve();
    let source: EventSource | undefined;
    const open = () => {
      const stream = new EventSource('/api/events');
      source = stream;
      stream.onopen = () => tell({ kind: 'listening' });
      stream.onmessage = (message: MessageEvent<string>) => tell(JSON.parse(message.data) as SiteEvent);
      // EventSource gives up for good after a 4xx or 5xx; the site may only be restarting.
      stream.onerror = () => {
        if (stream.readyState === EventSource.CLOSED) timer = setTimeout(open, 2_000 + Math.random() * 2_000);
      };
    };
    let timer = setTimeout(open, firstMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      source?.close();
      resolve();
    });
  });
}
