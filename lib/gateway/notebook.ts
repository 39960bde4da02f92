import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { WorkspaceKey } from '../core/ids.ts';
import { notebookOrigin } from '../core/workspaces/origin.ts';
import { answer, answerSocket, databaseAway, forbidden, malformed, methodNotAllowed, notFound, unproven } from './answer.ts';
import type { Exchanges } from './exchanges.ts';
import type { Entered, Gate } from './gate.ts';
import { headersFromNotebook, headersToNotebook, isUserBytes, type NotebookHeaders } from './headers.ts';
import { forward } from './http.ts';
import { decideRequest, decideUpgrade } from './origin.ts';
import { parseTarget, type Target as Path } from './path.ts';
import { answerPreflight, METHODS } from './preflight.ts';
import type { Routes } from './route.ts';
import type { Sockets } from './sockets.ts';
import type { Link, Targets } from './target.ts';
import { grantIn, headText, holdEarly, isOpening, open, openingHeaders, switched } from './upgrade.ts';

/** More of one workspace are nobody's tabs. */
const SOCKETS_EACH = 1_024;

/** A request that has come in: what it asks, of whom, and how to answer it. */
export type Visit = { request: IncomingMessage; response: ServerResponse; path: Path; entered: Entered; cors: boolean; own: string };

/** Takes a request the gateway must not merely forward. @returns false when it is none of its own */
export type Special = (visit: Visit, link: Link) => boolean;

type Deps = {
  config: { site: URL; notebookDomain: string };
  ours: NotebookHeaders;
  gate: Gate;
  routes: Routes;
  targets: Targets;
  sockets: Sockets;
  exchanges: Exchanges;
  specials: Special[];
  log: { warn(fields: object, message: string): void };
};

/** Everything on notebook origins: decides, then forwards. */
export function makeNotebook({ config, ours, gate, routes, targets, sockets, exchanges, specials, log }: Deps) {
  const site = config.site.origin;

  function send({ request, response, path, entered, cors, own }: Visit, { pool, access }: Link) {
    const userBytes = isUserBytes(path.parts);
    forward(request, response, pool, {
      path: path.raw,
      headers: headersToNotebook(request.headers, access.secrets.token),
      answer: (_status, headers) => {
        const flat = headersFromNotebook(headers, { ours, cors, userBytes, own });
        if (entered.cookie.length > 0) flat.push(...entered.cookie);
        return flat;
      },
      failed: (error) => lost(request, response, entered, cors, error),
    });
  }

  function lost(request: IncomingMessage, response: ServerResponse, entered: Entered, cors: boolean, error: unknown) {
    targets.forget(entered.target);
    routes.doubt(entered.asking);
    log.warn({ err: error, server: entered.target.ref.id }, 'a server could not be reached');
    answer(request, response, unproven(), cors ? [...ours.standing, ...ours.cors] : ours.standing);
  }

  function broken(request: IncomingMessage, response: ServerResponse, err: unknown) {
    log.warn({ err }, 'a request failed in the gateway itself');
    answer(request, response, databaseAway(), ours.standing);
  }

  function visit(visit: Visit) {
    const { request, response, entered, cors } = visit;
    exchanges.join(request, response, { asking: entered.asking, rights: entered.rights, server: entered.target.ref });
    const go = (link: Link) => {
      if (!specials.some((special) => special(visit, link))) send(visit, link);
    };
    const link = targets.reach(entered.target);
    if (link instanceof Promise) link.then(go).catch((error: unknown) => lost(request, response, entered, cors, error));
    else go(link);
  }

  return {
    request(request: IncomingMessage, response: ServerResponse, key: WorkspaceKey) {
      const { method = '', headers, url = '' } = request;
      if (method === 'OPTIONS') return answerPreflight(request, response, { site, ours });
      if (!METHODS.includes(method)) return answer(request, response, methodNotAllowed(METHODS.join(', ')), ours.standing);
      const own = notebookOrigin(config, key);
      const from = decideRequest(method, headers, { own, site });
      if (from.state === 'refused') return answer(request, response, forbidden(`This request did not come from a page that may make it (${from.why}).`), ours.standing);
      const standing = from.cors ? [...ours.standing, ...ours.cors] : ours.standing;
      const path = parseTarget(url);
      if (!path) return answer(request, response, malformed(), standing);
      if (isPrivate(method, path.parts)) return answer(request, response, notFound(), standing);
      const go = (verdict: Awaited<ReturnType<Gate['admit']>>) => {
        if (verdict.state === 'out') return answer(request, response, verdict.own, standing);
        visit({ request, response, path, entered: verdict, cors: from.cors, own });
      };
      const verdict = gate.admit(request, key);
      if (verdict instanceof Promise) verdict.then(go).catch((err: unknown) => broken(request, response, err));
      else go(verdict);
    },

    async upgrade(request: IncomingMessage, browser: Socket, head: Buffer, key: WorkspaceKey) {
      const path = parseTarget(request.url ?? '');
      if (!path || !isOpening(request, head)) return answerSocket(browser, malformed(), ours.standing);
      const from = decideUpgrade(request.headers, { own: notebookOrigin(config, key), site });
      if (from.state === 'refused') return answerSocket(browser, forbidden(`This request did not come from a page that may make it (${from.why}).`), ours.standing);
      if (isPrivate('UPGRADE', path.parts)) return answerSocket(browser, notFound(), ours.standing);
      const takeEarly = holdEarly(browser);
      const grant = grantIn(request);
      if (grant !== undefined && request.headers.origin !== site) return answerSocket(browser, forbidden('A notebook is entered from the site only.'), ours.standing);
      const verdict = await (grant === undefined ? gate.admit(request, key) : gate.enter(grant, key));
      if (verdict.state === 'out') return answerSocket(browser, verdict.own, ours.standing);
      const { asking, rights, target } = verdict;
      if (countOf(sockets, asking.wsp) >= SOCKETS_EACH) return answerSocket(browser, { status: 429, code: 'throttled', say: 'Too many connections are open.' }, ours.standing);
      try {
        const { socket: server, access } = await targets.open(target);
        const giveUp = () => server.destroy();
        browser.once('close', giveUp);
        if (browser.destroyed) return void giveUp();
        const opening = headText(`GET ${path.raw} HTTP/1.1`, ['Host', 'localhost', 'Authorization', `token ${access.secrets.token}`, ...openingHeaders(request)]);
        const answered = await open(server, opening);
        const early = takeEarly();
        browser.off('close', giveUp);
        if (answered.status !== 101) {
          server.destroy();
          const status = answered.status >= 400 ? answered.status : 502;
          return answerSocket(browser, { status, code: 'upstream', say: 'The notebook server did not open that connection.' }, ours.standing);
        }
        if (browser.destroyed) return void giveUp();
        browser.write(headText('HTTP/1.1 101 Switching Protocols', [...switched(answered.headers), ...verdict.cookie]), 'latin1');
        if (answered.rest.length > 0) server.unshift(answered.rest);
        if (early.length > 0) browser.unshift(early);
        sockets.join(browser, server, { asking, server: target.ref, rights });
        // The right may have ended while the connection was being made.
        return asking;
      } catch (error) {
        targets.forget(target);
        routes.doubt(asking);
        if (!browser.destroyed) log.warn({ err: error, server: target.ref.id }, 'an upgrade failed');
        answerSocket(browser, unproven(), ours.standing);
      }
    },
  };
}

export type Notebook = ReturnType<typeof makeNotebook>;

/** The extension's endpoints speak for the server itself; of them, browsers may read the outputs. */
function isPrivate(method: string, parts: string[]): boolean {
  if (parts[0] === '.lectern') return true;
  return parts[0] === 'lectern' && !(method === 'GET' && parts.length === 2 && parts[1] === 'outputs');
}

function countOf(sockets: Sockets, workspace: string): number {
  let count = 0;
  for (const { asking } of sockets) if (asking.wsp === workspace) count += 1;
  return count;
}
