import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Open } from './sockets.ts';

/** Answers on their way from servers to browsers: to cut those whose reader's right ended. */
export function makeExchanges() {
  const open = new Set<Open>();
  return {
    /** Holds the answer until it has ended. What a browser writes is let end: it was allowed when it began, and half of it helps nobody. */
    join({ method }: IncomingMessage, response: ServerResponse, who: Omit<Open, 'close'>) {
      if (method !== 'GET') return;
      const one: Open = { ...who, close: () => void response.destroy() };
      open.add(one);
      response.once('close', () => open.delete(one));
    },

    [Symbol.iterator]: () => open.values(),
  };
}

export type Exchanges = ReturnType<typeof makeExchanges>;
