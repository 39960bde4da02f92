import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Pool } from 'undici';
import type { Leave } from '../core/shares.ts';
import { answer, answerSocket, forbidden, malformed, siteAway } from './answer.ts';
import { makeClientAddress } from './client.ts';
import { headersFromSite, headersToSite, siteHeaders, type Client } from './headers.ts';
import { forward } from './http.ts';
import { connectTo } from './target.ts';
import { makeTurns, turnedAway } from './turns.ts';
import { headText, open } from './upgrade.ts';

type Deps = {
  config: { site: URL; web: URL; trustedProxies: readonly string[] };
  secrets: { keys: readonly { nextAuth: string }[] };
  log: { warn(fields: object, message: string): void };
  /**
   * How long a connection to the web program is used. The next one may reach another of its replicas, and one that is about to
   * end has none left by then.
   */
  connectionMs?: number;
};

/** What its reader has left is still being rendered: so long it keeps its turn, or leaving would be a way to ask without end. */
export const LEFT_MS = 1_000;

const isStream = (type: unknown) => String(type).startsWith('text/event-stream');

/** The site behind the front door: the web program, on this machine or elsewhere. */
export function makeSite({ config: { site, web, trustedProxies }, secrets, log, connectionMs = 10_000 }: Deps) {
  const pool = new Pool(web.origin, { pipelining: 1, allowH2: false, keepAliveTimeout: 4_000, bodyTimeout: 0, connectTimeout: 5_000, clientTtl: connectionMs });
  const streams = new Set<ServerResponse>();
  const port = site.port || (site.protocol === 'https:' ? '443' : '80');
  const clientAddress = makeClientAddress(trustedProxies);
  const addressOf = ({ socket, headers }: IncomingMessage) => clientAddress(socket.remoteAddress ?? '', headers['x-forwarded-for']);
  const turns = makeTurns({ ...secrets, addressOf });
  const clientOf = (request: IncomingMessage): Client => ({ address: addressOf(request), proto: site.protocol.slice(0, -1), host: site.host, port });

  function send(request: IncomingMessage, response: ServerResponse, path: string, leave?: Leave) {
    forward(request, response, pool, {
      path,
      headers: headersToSite(request.rawHeaders, clientOf(request)),
      answer: (status, headers) => {
        leave?.();
        const flat = headersFromSite(headers);
        // Notebook pages can plant cookies for the whole domain until requests are too big for the site, too.
        if (status === 431) flat.push('clear-site-data', '"cookies"');
        if (isStream(headers['content-type'])) {
          streams.add(response);
          response.once('close', () => streams.delete(response));
        }
        return flat;
      },
      failed: (error) => {
        log.warn({ err: error }, 'the web program could not be reached');
        leave?.();
        answer(request, response, siteAway(), siteHeaders);
      },
    });
  }

  async function inTurn(request: IncomingMessage, response: ServerResponse, path: string) {
    const leave = await turns.of(request);
    if (!leave) return void answer(request, response, turnedAway, siteHeaders);
    if (response.destroyed) return leave();
    response.once('close', () => setTimeout(leave, LEFT_MS).unref());
    send(request, response, path, leave);
  }

  return {
    /** @throws what nobody foresaw; what was to be answered may not have been */
    async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const path = request.url ?? '';
      if (!path.startsWith('/')) return void answer(request, response, malformed(), siteHeaders);
      if (turns.isPaced(request)) return inTurn(request, response, path);
      send(request, response, path);
    },

    /** Next's own sockets while the site is being developed; it answers no others, so they go nowhere. */
    async upgrade(request: IncomingMessage, browser: Socket, head: Buffer) {
      if (!request.url?.startsWith('/_next/')) return answerSocket(browser, malformed());
      if (request.headers.origin !== site.origin) return answerSocket(browser, forbidden('This request did not come from the site.'));
      try {
        const server = await connectTo({ kind: 'tcp', host: web.hostname, port: Number(web.port || 80) });
        const headers = [...headersToSite(request.rawHeaders, clientOf(request)), 'Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? 'websocket'];
        const answered = await open(server, headText(`GET ${request.url} HTTP/1.1`, headers));
        if (answered.status !== 101) {
          server.destroy();
          return answerSocket(browser, malformed());
        }
        browser.write(headText('HTTP/1.1 101 Switching Protocols', [...answered.headers].flat()), 'latin1');
        browser.write(answered.rest);
        server.write(head);
        for (const [from, to] of [[browser, server], [server, browser]] as const) {
          from.pipe(to);
          from.on('error', () => to.destroy());
          from.on('close', () => to.destroy());
        }
      } catch (error) {
        log.warn({ err: error }, 'the web program could not be reached');
        answerSocket(browser, siteAway());
      }
    },

    /** Event streams never end by themselves; browsers open them again. */
    endStreams() {
      for (const response of streams) response.end();
    },

    close: () => pool.destroy(),
  };
}
