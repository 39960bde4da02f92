import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import type { Entry } from '../../lib/core/servers/view.ts';
import type { Door } from './door.ts';

const PROTOCOL = 'v1.kernel.websocket.jupyter.org';
const OPEN_MS = 30_000;

/** The parts of a message of that protocol: their places in eight bytes each, then one after the other. */
function packed(parts: string[]): Buffer {
  const bytes = parts.map((part) => Buffer.from(part));
  const places = [8 * (parts.length + 2)];
  for (const { length } of bytes) places.push(places.at(-1)! + length);
  const head = Buffer.alloc(8 * (places.length + 1));
  for (const [n, place] of [places.length, ...places].entries()) head.writeBigUInt64LE(BigInt(place), 8 * n);
  return Buffer.concat([head, ...bytes]);
}

/** What this message says first of all that the code wrote; none when it says something else, or is none: servers lie. */
function writtenIn(message: Buffer, question: string): string | undefined {
  try {
    const places = [1, 2, 3, 4, 5, 6].map((n) => Number(message.readBigUInt64LE(8 * n)));
    const [, header, parent, , content] = places.slice(0, 5).map((from, n) => message.toString('utf8', from, places[n + 1]));
    if ((JSON.parse(parent!) as { msg_id?: string }).msg_id !== question || (JSON.parse(header!) as { msg_type: string }).msg_type !== 'stream') return undefined;
    return (JSON.parse(content!) as { text: string }).text;
  } catch {
    return undefined;
  }
}

/** The kernel's socket of a learner's page. */
export type Channel = {
  socket: WebSocket;
  /** @returns whether the first that the code wrote is what it should write */
  run(number: number, withinMs: number): Promise<boolean>;
};

/** As a page connects: through the site's front door, with its grant. Undefined when it is not let in. */
export function openChannel(door: Door, { origin, grant, kernelId }: Entry): Promise<Channel | undefined> {
  const session = randomUUID();
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/api/kernels/${kernelId}/channels?session_id=${session}`, [PROTOCOL, `lectern.grant.${grant}`], { headers: { host: new URL(origin).host, origin: door.site }, handshakeTimeout: OPEN_MS });
  socket.on('error', () => undefined);

  async function run(number: number, withinMs: number): Promise<boolean> {
    const id = randomUUID();
    const written = Promise.withResolvers<string | undefined>();
    const hear = (message: Buffer) => {
      const text = writtenIn(message, id);
      if (text !== undefined) written.resolve(text);
    };
    const leave = () => written.resolve(undefined);
    const timer = setTimeout(leave, withinMs);
    socket.on('message', hear).once('close', leave);
    const header = { msg_id: id, msg_type: 'execute_request', username: '', session, version: '5.4', date: new Date().toISOString() };
    const content = { code: `print(${number} + 1)`, silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true };
    socket.send(packed(['shell', JSON.stringify(header), '{}', '{}', JSON.stringify(content)]));
    try {
      return (await written.promise)?.trim() === String(number + 1);
    } finally {
      clearTimeout(timer);
      socket.off('message', hear).off('close', leave);
    }
  }

  return new Promise((resolve) => {
    socket.once('open', () => resolve({ socket, run }));
    socket.once('close', () => resolve(undefined));
  });
}
