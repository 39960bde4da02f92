import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, forbidden } from './answer.ts';
import type { NotebookHeaders } from './headers.ts';

/** What may be asked of a notebook origin. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Answers a browser's question whether the site's page may speak to this origin; no server is asked. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, { site, ours }: { site: string; ours: NotebookHeaders }) {
  if (request.headers.origin !== site) return answer(request, response, forbidden('Only the site may ask that.'), ours.standing);
  response.writeHead(204, [...ours.standing, ...ours.cors, 'access-control-allow-methods', METHODS.join(', '), 'access-control-allow-headers', 'content-type', 'access-control-max-age', '7200']);
  response.end();
}
