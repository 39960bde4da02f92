import { connect, type Socket } from 'node:net';
import { pause, type Browser } from './browser.ts';
import type { Door } from './door.ts';

/** Addresses of this machine that are several networks to a gateway: one network may not leave so many requests half-sent. */
const from = (n: number) => `127.0.${1 + (n % 16)}.2`;
/** Connections made at once; more are dropped by the kernel's queue and come a second later. */
const AT_ONCE = 50;

type Kind = (door: Door, browser: Browser) => string;

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

/** Each as its owner's browser begins it and never goes on. */
const kinds: Kind[] = [
  ({ host }) => `GET /courses HTTP/1.1\r\nHost: ${host}\r\nCookie: half`,
  ({ host, site }, { cookie, workspace }) => `${head(`PUT /api/workspaces/${workspace!.id}/files/half.txt HTTP/1.1`, `Host: ${host}`, `Origin: ${site}`, `Cookie: ${cookie}`, 'If-Match: "0"', 'Content-Length: 100000')}only this much`,
  ({ host }, { cookie }) => head('GET /api/events HTTP/1.1', `Host: ${host}`, `Cookie: ${cookie}`),
  (_, { entered, pass }) => {
    const { origin, kernelId } = entered!;
    return head(`GET /api/kernels/${kernelId}/channels?session_id=${crypto.randomUUID()} HTTP/1.1`, `Host: ${new URL(origin).host}`, `Origin: ${origin}`, `Cookie: ${pass}`, ...upgrade);
  },
];

/**
 * So many connections that are begun and never read from: heads and bodies half-sent, streams of events, sockets of kernels.
 * `leave` drops them all without a goodbye, as a machine whose network is gone.
 */
export async function abandon(door: Door, browsers: Browser[], count: number): Promise<{ open(): number; leave(): void }> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n += 1) {
    const socket = connect({ host: '127.0.0.1', port: door.port, localAddress: from(n) });
    socket.on('error', () => undefined).pause();
    socket.write(kinds[n % kinds.length]!(door, browsers[Math.floor(n / kinds.length) % browsers.length]!));
    sockets.push(socket);
    if (n % AT_ONCE === AT_ONCE - 1) await pause(100);
  }
  return {
    open: () => sockets.filter((socket) => !socket.destroyed).length,
    leave() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}
