import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { makeClientAddress, makeProxies, networkOf } from './client.ts';
import { hasBody } from './pace.ts';

/** Whose head or body is not all here yet, of one network. A whole school behind one address has fewer: heads come in one piece. */
const UNFINISHED_EACH = 256;
/** Kept for the database, for files and for what is being answered. */
const DESCRIPTORS_KEPT = 512;
const LOOK_MS = 1_000;
/** Until then nobody is slow: a class that comes all at once waits for us, not we for it. */
const QUICK_MS = 5_000;

type Unfinished = { network: string; since: number; end(): void };
type Deps = { trustedProxies: readonly string[]; /** Of all connections. */ most?: number };

/**
 * Nobody takes all descriptors by being slow. Past its share a network loses those that have been unfinished longest, so that
 * whoever is quick still gets in, also from there; past what the program has, idle connections go first and then the slowest
 * of the network with the most.
 */
export function makeCrowd(server: Server, { trustedProxies, most = mostConnections() }: Deps) {
  const isProxy = makeProxies(trustedProxies);
  const addressOf = makeClientAddress(trustedProxies);
  const networks = new Map<string, Set<Unfinished>>();
  // By the other end's address and port: of a TLS connection, the socket that connects is not the one that asks.
  const silent = new Map<string, Unfinished>();
  const known = new WeakSet<Socket>();
  let connections = 0;
  let lookedAt = 0;

  function add(one: Unfinished) {
    const all = networks.get(one.network) ?? new Set();
    networks.set(one.network, all.add(one));
  }

  function remove(one: Unfinished) {
    const all = networks.get(one.network);
    all?.delete(one);
    if (all?.size === 0) networks.delete(one.network);
  }

  function endOldest(all: Set<Unfinished> | undefined) {
    const [oldest] = all ?? [];
    if (!oldest) return;
    remove(oldest);
    oldest.end();
  }

  /** The oldest are first. */
  function trim() {
    const quick = performance.now() - QUICK_MS;
    for (const all of networks.values()) {
      for (const { since } of all) {
        if (all.size <= UNFINISHED_EACH || since > quick) break;
        endOldest(all);
      }
    }
  }

  function makeRoom() {
    if (performance.now() - lookedAt > LOOK_MS) {
      lookedAt = performance.now();
      server.closeIdleConnections();
    }
    let fullest: Set<Unfinished> | undefined;
    for (const all of networks.values()) if (all.size > (fullest?.size ?? 0)) fullest = all;
    endOldest(fullest);
  }

  server.on('connection', (socket: Socket) => {
    connections += 1;
    const { remoteAddress = '', remotePort } = socket;
    const name = `${remoteAddress} ${remotePort}`;
    // What comes through a proxy of ours it has read itself; whose it is stands in the head.
    const one = isProxy(remoteAddress) ? undefined : { network: networkOf(remoteAddress), since: performance.now(), end: () => socket.destroy() };
    if (one) {
      silent.set(name, one);
      add(one);
    }
    socket.once('close', () => {
      connections -= 1;
      if (!one) return;
      remove(one);
      if (silent.get(name) === one) silent.delete(name);
    });
    if (connections > most) makeRoom();
  });

  const timer = setInterval(trim, LOOK_MS);
  timer.unref();

  return {
    stop: () => clearInterval(timer),

    /** A head is here; its body may not be. */
    heard(request: IncomingMessage, response?: ServerResponse) {
      const { socket } = request;
      if (!known.has(socket)) {
        known.add(socket);
        const name = `${socket.remoteAddress ?? ''} ${socket.remotePort}`;
        const one = silent.get(name);
        if (one) remove(one);
        silent.delete(name);
      }
      if (!response || !hasBody(request)) return;
      const one = { network: networkOf(addressOf(socket.remoteAddress ?? '', request.headers['x-forwarded-for'])), since: performance.now(), end: () => void request.destroy() };
      add(one);
      request.once('close', () => remove(one));
    },
  };
}

/** Each may need another connection behind it. */
function mostConnections(): number {
  const [, limit] = /^Max open files\s+(\d+)/m.exec(readLimits()) ?? [];
  return Math.max(DESCRIPTORS_KEPT, Math.floor((Number(limit ?? 4_096) - DESCRIPTORS_KEPT) / 2));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Elsewhere than on Linux.
    return '';
  }
}
