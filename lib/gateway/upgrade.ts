import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Flat } from './headers.ts';

const HEAD_BYTES = 16 * 1024;
/** Jupyter answers once the kernel did, which may just be starting. */
const ANSWER_MS = 90_000;
/** What a browser may send before it has the answer; it should send nothing. */
const EARLY_BYTES = 64 * 1024;

export type Answered = { status: number; headers: Map<string, string>; rest: Buffer };

/** Whether this is a WebSocket's opening and nothing else: no body, no bytes that run ahead, a key. */
export function isOpening({ method, headers }: IncomingMessage, head: Buffer): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    headers['sec-websocket-key'] !== undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    head.length === 0
  );
}

/** How a page says its grant where a browser lets it set no header: as a subprotocol, as Kubernetes takes its tokens. It stays here. */
const GRANT = 'lectern.grant.';

const offered = ({ headers }: IncomingMessage): string[] => (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim()).filter(Boolean);

/** The grant that an opening brings along, if any. */
export const grantIn = (request: IncomingMessage): string | undefined =>
  offered(request)
    .find((each) => each.startsWith(GRANT))
    ?.slice(GRANT.length);

/** No extensions: frames then carry no state, so that pings can be put between them. */
export function openingHeaders(request: IncomingMessage): Flat {
  const to: Flat = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', request.headers['sec-websocket-key']!];
  const protocols = offered(request).filter((each) => !each.startsWith(GRANT));
  if (protocols.length > 0) to.push('Sec-WebSocket-Protocol', protocols.join(', '));
  return to;
}

export const headText = (first: string, headers: Flat): string => {
  let text = `${first}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
};

/** What the browser is told of a switch of protocols. */
export function switched(headers: Map<string, string>): Flat {
  const to: Flat = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];
  for (const name of ['Sec-WebSocket-Accept', 'Sec-WebSocket-Protocol']) {
    const value = headers.get(name.toLowerCase());
    if (value !== undefined) to.push(name, value);
  }
  return to;
}

/** Sends the opening and waits for the whole head of the answer. @throws when none comes, or it cannot be read */
export function open(server: Socket, opening: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const fail = (error: Error) => {
      server.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer to an upgrade within ${ANSWER_MS} ms`)), ANSWER_MS);
    const onClose = () => fail(new Error('closed before it answered an upgrade'));
    const onData = (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = held.indexOf('\r\n\r\n');
      if (end < 0 && held.length <= HEAD_BYTES) return;
      const head = end < 0 ? undefined : parseHead(held.toString('latin1', 0, end));
      server.pause();
      server.off('data', onData).off('close', onClose).off('error', fail);
      clearTimeout(timer);
      if (!head) return fail(new Error('an answer to an upgrade that cannot be read'));
      resolve({ ...head, rest: held.subarray(end + 4) });
    };
    server.on('data', onData).on('close', onClose).on('error', fail);
    server.once('close', () => clearTimeout(timer));
    server.write(opening, 'latin1');
  });
}

function parseHead(text: string): { status: number; headers: Map<string, string> } | undefined {
  const [first, ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first!)?.[1];
  if (!status) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([\w!#$%&'*+\-.^`|~]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.set(name.toLowerCase(), value);
  }
  return { status: Number(status), headers };
}

/** Holds what a browser sends before it was answered, and notices when it goes. @returns gives the bytes over and stops holding */
export function holdEarly(browser: Duplex): () => Buffer {
  const early: Buffer[] = [];
  let length = 0;
  const onData = (chunk: Buffer) => {
    early.push(chunk);
    length += chunk.length;
    if (length > EARLY_BYTES) browser.destroy();
  };
  // An end before the answer is a goodbye: nothing may be opened for somebody who left.
  const onEnd = () => browser.destroy();
  browser.on('data', onData).on('end', onEnd);
  return () => {
    browser.pause();
    browser.off('data', onData).off('end', onEnd);
    return Buffer.concat(early);
  };
}
