import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Flat } from './headers.ts';
import { hasBody } from './pace.ts';

export type Sent = {
  path: string;
  headers: Flat;
  /** What the browser is given of the answer's headers. */
  answer(status: number, headers: Record<string, string | string[] | undefined>): Flat;
  /** Nothing has been answered yet when it is called. */
  failed(error: Error): void;
};

/** Sends the request on and the answer back, each at the pace the other side takes it. */
export function forward(request: IncomingMessage, response: ServerResponse, to: Dispatcher, sent: Sent) {
  let controller: Dispatcher.DispatchController | undefined;
  let waiting = false;
  let done = false;
  // The browser went away, or the gateway cut it off.
  response.once('close', () => {
    if (!done) controller?.abort(new Error('the client went away'));
  });
  to.dispatch(
    { method: request.method as Dispatcher.HttpMethod, path: sent.path, headers: sent.headers, body: hasBody(request) ? request : null },
    {
      onRequestStart(started) {
        controller = started;
        if (response.destroyed) started.abort(new Error('the client went away'));
      },
      onResponseStart(started, status, headers) {
        // Interim answers are between us and the server.
        if (status < 200) return;
        // Given up already, because the body came too slowly.
        if (response.headersSent) return started.abort(new Error('already answered'));
        response.writeHead(status, sent.answer(status, headers));
        // Events are read as they come; a head that waits for its first byte would hold the page's connection back.
        if (String(headers['content-type']).startsWith('text/event-stream')) response.flushHeaders();
      },
      onResponseData(started, chunk) {
        if (response.write(chunk) || waiting) return;
        waiting = true;
        started.pause();
        response.once('drain', () => {
          waiting = false;
          started.resume();
        });
      },
      onResponseEnd() {
        done = true;
        response.end();
      },
      onResponseError(_started, error) {
        done = true;
        if (response.destroyed) return;
        // Half an answer must not look like a whole one.
        if (response.headersSent) response.destroy();
        else sent.failed(error);
      },
    },
  );
}
