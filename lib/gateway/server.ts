import { readFileSync } from 'node:fs';
import { createServer as createPlain, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { Socket } from 'node:net';
import type { Arrivals } from '../core/arrivals.ts';
import type { Bus } from '../core/bus.ts';
import type { GatewayRows } from '../core/auth/access.ts';
import type { Jupyter } from '../core/servers/jupyter.ts';
import { keyOfHost } from '../core/workspaces/origin.ts';
import type { LabSave } from '../core/workspaces/lab-save.ts';
import { answer, answerSocket, lastWords, type Own } from './answer.ts';
import { makeContents, type WritePatience } from './contents.ts';
import { makeCrowd } from './crowd.ts';
import { makeExchanges } from './exchanges.ts';
import { SERVICE_RESTART } from './frames.ts';
import { makeGate } from './gate.ts';
import { notebookHeaders } from './headers.ts';
import { makeNotebook } from './notebook.ts';
import { makePace, type LeastRate } from './pace.ts';
import { makePasses } from './pass.ts';
import { watchRights } from './revocation.ts';
import { makeRoutes } from './route.ts';
import { makeSite } from './site.ts';
import { makeSockets, type Patience } from './sockets.ts';
import { makeTargets } from './target.ts';

/** What the front door is made from; a hub has all of it. */
export type GatewayDeps = {
  config: { site: URL; notebookDomain: string; web: URL; trustedProxies: readonly string[]; tls?: { certFile: string; keyFile: string } };
  secrets: { keys: readonly { kid: string; nextAuth: string; grant: Uint8Array; server: Uint8Array }[] };
  rows: GatewayRows;
  bus: Bus;
  jupyter: Pick<Jupyter, 'prove'>;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  labSave: LabSave;
  arrivals: Arrivals;
  /** Whether what it needs has once been there. From then on it serves what it knows, even while the database is away. */
  isReady?: () => boolean;
  patience?: Patience;
  writes?: WritePatience;
  /** Of every body, to the site and to notebook servers. */
  leastRate?: LeastRate;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

const HEADER_BYTES = 16 * 1024;
const SWEEP_MS = 30_000;
/** Servers nobody spoke to for so long keep no connection. */
const UNUSED_MS = 5 * 60_000;

const mistaken: Own = { status: 500, code: 'unavailable', say: 'Something went wrong in Lectern. Please try again.' };
const alive: Own = { status: 200, code: 'ok', say: 'here' };
const notReady: Own = { status: 503, code: 'unavailable', say: 'not ready' };
const misdirected: Own = { status: 421, code: 'invalid', say: 'There is no such site here.' };
const tooLarge = Buffer.from(
  'HTTP/1.1 431 Request Header Fields Too Large\r\nClear-Site-Data: "cookies"\r\nOrigin-Agent-Cluster: ?1\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n' +
    '<!doctype html><meta charset="utf-8"><title>Lectern</title><p>Your browser sent too many cookies. They have been removed: please load the page again.</p>',
);
const unreadable = Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');

/** The front door: the site, notebook origins, and nobody else. */
export function makeGateway({ config, secrets, rows, bus, jupyter, labSave, arrivals, log, isReady = () => true, patience = { pingMs: 30_000, deadMs: 75_000 }, writes = { answerMs: 30_000 }, leastRate = { graceMs: 30_000, bytesPerS: 4_096 }, now = Date.now }: GatewayDeps) {
  const routes = makeRoutes({ rows, now, onError: (err) => log.warn({ err }, 'rows could not be read') });
  const passes = makePasses(secrets.keys);
  const gate = makeGate({ routes, passes, keys: secrets.keys, now });
  const targets = makeTargets({ jupyter, keys: secrets.keys, now, onError: (err) => log.warn({ err }, 'a server did not prove itself') });
  const sockets = makeSockets(patience);
  const exchanges = makeExchanges();
  const pace = makePace(leastRate);
  const site = makeSite({ config, secrets, log });
  const ours = notebookHeaders(config.site.origin);
  const specials = [makeContents({ labSave, arrivals, ours, patience: writes, onError: (err) => log.warn({ err }, 'a write of JupyterLab failed') })];
  const notebook = makeNotebook({ config, ours, gate, routes, targets, sockets, exchanges, specials, log });
  const open = {
    *[Symbol.iterator]() {
      yield* sockets;
      yield* exchanges;
    },
  };
  const rights = watchRights({ bus, routes, open });
  const sitePort = config.site.port;
  let draining = false;

  // One request that we did not foresee must not end everybody's.
  const broken = (err: unknown) => log.warn({ err }, 'a request failed in the gateway itself');

  function mistake(err: unknown, request: IncomingMessage, response: ServerResponse) {
    broken(err);
    answer(request, response, mistaken);
  }

  function handle(request: IncomingMessage, response: ServerResponse) {
    if (draining) response.shouldKeepAlive = false;
    response.on('error', () => undefined);
    const host = request.headers.host ?? '';
    if (hasTwoHosts(request)) return answer(request, response, misdirected);
    if (host === config.site.host) return void site.request(request, response).catch((err: unknown) => mistake(err, request, response));
    const key = portOf(host) === sitePort ? keyOfHost(host, config.notebookDomain) : undefined;
    if (key) return notebook.request(request, response, key);
    if (request.url === '/healthz') return answer(request, response, alive);
    if (request.url === '/readyz') return answer(request, response, draining || !isReady() ? notReady : alive);
    if (isBare(host) && request.url?.startsWith('/')) return redirect(response, `${config.site.origin}${request.url}`);
    answer(request, response, misdirected);
  }

  async function upgrade(request: IncomingMessage, browser: Socket, head: Buffer) {
    browser.on('error', () => browser.destroy());
    browser.setNoDelay(true);
    browser.setTimeout(0);
    browser.setKeepAlive(true, 15_000);
    const host = request.headers.host ?? '';
    if (draining || hasTwoHosts(request)) return answerSocket(browser, misdirected);
    if (host === config.site.host) return site.upgrade(request, browser, head);
    const key = portOf(host) === sitePort ? keyOfHost(host, config.notebookDomain) : undefined;
    if (!key) return answerSocket(browser, misdirected);
    const joined = await notebook.upgrade(request, browser, head, key);
    // The right may have ended, or the drain begun, while the connection was being made.
    if (joined) await rights.check(joined);
    if (draining) sockets.closeAll(SERVICE_RESTART);
  }

  const server = listenable(config.tls);
  const crowd = makeCrowd(server, config);
  server.on('request', (request, response) => {
    try {
      crowd.heard(request, response);
      pace.watch(request, response);
      handle(request, response);
    } catch (err) {
      mistake(err, request, response);
    }
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    crowd.heard(request);
    upgrade(request, socket, head).catch((err: unknown) => {
      broken(err);
      socket.destroy();
    });
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => lastWords(socket, unreadable));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy();
    lastWords(socket, error.code === 'HPE_HEADER_OVERFLOW' ? tooLarge : unreadable);
  });
  const sweep = setInterval(() => {
    const used = new Set([...open].map(({ asking }) => `${asking.sid} ${asking.wsp}`));
    routes.sweep(({ sid, wsp }) => used.has(`${sid} ${wsp}`));
    targets.sweep(UNUSED_MS);
  }, SWEEP_MS);
  sweep.unref();

  return {
    server,
    sockets,
    routes,

    /** @returns the port, once it accepts connections */
    listen: (port: number, host: string) =>
      new Promise<number>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as { port: number }).port));
      }),

    /**
     * Takes nobody new, says goodbye to WebSockets so that their clients come back to the next gateway, lets answers that
     * are under way end, and after the grace cuts what is left.
     */
    async drain(graceMs = 30_000) {
      draining = true;
      const closed = new Promise((resolve) => server.close(resolve));
      sockets.closeAll(SERVICE_RESTART);
      site.endStreams();
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
      clearInterval(sweep);
      pace.stop();
      crowd.stop();
      rights.stop();
      sockets.stop();
      await Promise.all([site.close(), targets.close()]);
    },
  };
}

export type Gateway = ReturnType<typeof makeGateway>;

function listenable(tls: GatewayDeps['config']['tls']): Server {
  // A large upload over a slow line takes its time; heads do not.
  const options: ServerOptions = { maxHeaderSize: HEADER_BYTES, requestTimeout: 3_600_000, headersTimeout: 30_000, connectionsCheckingInterval: 5_000, keepAliveTimeout: 65_000, noDelay: true };
  return tls ? createTls({ ...options, handshakeTimeout: 10_000, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }) : createPlain(options);
}

const portOf = (host: string) => host.slice(host.lastIndexOf(':') + 1 || host.length);

/** What people type who mean the site on this machine. */
const isBare = (host: string) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);

function redirect(response: ServerResponse, location: string) {
  response.writeHead(307, { location, 'cache-control': 'no-store', 'content-length': 0 });
  response.end();
}

/** Node takes the first of two; what stands behind us might take the second. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}
