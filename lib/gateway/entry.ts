import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkspaceKey } from '../core/ids.ts';
import { answer, forbidden, methodNotAllowed } from './answer.ts';
import type { Gate } from './gate.ts';
import type { NotebookHeaders } from './headers.ts';
import type { Targets } from './target.ts';

export const ENTER = '/.lectern/enter';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Of what a page may send besides what needs no asking: the grant, and JSON. */
const HEADERS = 'authorization, content-type';

type Deps = { site: string; ours: NotebookHeaders; gate: Gate; targets: Targets };

/** Answers a browser's question whether the site's page may speak to this origin; no server is asked. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse, { site, ours }: Pick<Deps, 'site' | 'ours'>) {
  if (request.headers.origin !== site) return answer(request, response, forbidden('Only the site may ask that.'), ours.standing);
  response.writeHead(204, [...ours.standing, ...ours.cors, 'access-control-allow-methods', METHODS, 'access-control-allow-headers', HEADERS, 'access-control-max-age', '7200']);
  response.end();
}

/** `POST /.lectern/enter`: the grant in `Authorization` becomes this origin's cookie. */
export async function answerEntry(request: IncomingMessage, response: ServerResponse, key: WorkspaceKey, { site, ours, gate, targets }: Deps) {
  if (request.method !== 'POST') return answer(request, response, methodNotAllowed('POST'), ours.standing);
  if (request.headers.origin !== site) return answer(request, response, forbidden('A notebook is entered from the site only.'), ours.standing);
  const headers = [...ours.standing, ...ours.cors];
  const verdict = await gate.enter(request.headers, key);
  if (verdict.state === 'out') return answer(request, response, verdict.own, headers);
  // The proof runs while the browser is on its way with its first request, which waits for it and reports what fails.
  Promise.resolve(targets.reach(verdict.target)).catch(() => undefined);
  request.resume();
  response.writeHead(204, [...headers, ...verdict.cookie, 'cache-control', 'no-store']);
  response.end();
}
