import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ServerRef } from '../../lib/core/servers/server.ts';
import type { ServerSecrets } from '../../lib/core/servers/spawner.ts';
import type { Says } from './hostile-relay.ts';

export const kinds = ['endless', 'malformed', 'quick to die', 'huge', 'forged', 'lying', 'flooding', 'replaying', 'silent', 'slow'] as const;
export type Kind = (typeof kinds)[number];

/** What somebody has who took over a server: its secrets, and itself. */
export type Taken = { ref: ServerRef; secrets: ServerSecrets; /** Where the true one listens. */ real: string; kill(): void };

type Answer = (response: ServerResponse, request: IncomingMessage, asked: string) => void;
type Channel = (socket: Duplex, accept: () => WebSocket) => void;
type Behaviour = { answer: Answer; channel: Channel; identity?: Answer };

const MB = 1 << 20;
const filler = Buffer.alloc(MB, 'x');
const sha256 = createHash('sha256').update('another file').digest('hex');
const accepting = new WebSocketServer({ noServer: true });

const head = (response: ServerResponse, more: Record<string, string> = {}) => response.writeHead(200, { 'content-type': 'application/json', ...more });
const json = (response: ServerResponse, value: unknown) => void head(response).end(JSON.stringify(value));

/** As fast as it is taken, so many bytes. */
function pour(response: ServerResponse, bytes = Infinity, piece = filler): void {
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    if (!response.destroyed) response.end();
  };
  more();
}

/** Frames of a kernel's socket, as fast as they are taken. */
const frames =
  (bytes: number): Channel =>
  (_, accept) => {
    const socket = accept();
    const frame = Buffer.alloc(bytes, 'x');
    const more = () => socket.readyState === socket.OPEN && socket.send(frame, more);
    more();
  };

function drip(stream: NodeJS.WritableStream, first = ''): void {
  stream.write(first);
  const dripping = setInterval(() => stream.write(' '), 100);
  stream.once('close', () => clearInterval(dripping));
}

function proof(key: string, { id, generation }: ServerRef, request: IncomingMessage) {
  const nonce = new URL(request.url ?? '/', 'http://localhost').searchParams.get('nonce');
  return { id, generation, proof: createHmac('sha256', key).update(`${nonce}:${id}:${generation}`).digest('hex'), kernel: 'taken' };
}

/** Answers that no reader of ours should take, one after the other. */
const oddities: ((socket: Duplex) => void)[] = [
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"a": no'),
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{"sessionId":[],"proof":7}'),
  (socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://localhost//another.example/\r\nContent-Length: 0\r\n\r\n'),
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\nContent-Disposition: inline\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}'),
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}'),
  (socket) => socket.end('What was the question?\r\n\r\n'),
];

const closed: Channel = (socket) => socket.destroy();

/** `taken` is one server; what is remembered of it is its own. */
const behaviours: Record<Kind, (taken: Taken) => Behaviour> = {
  slow: () => ({ answer: (response) => drip(head(response)), channel: (socket) => drip(socket, 'HTTP/1.1 101 Switching Protocols\r\nX-Slow: ') }),

  endless: () => ({ answer: (response) => (response.write('{"proof": "'), pour(response)), channel: frames(MB) }),

  lying: () => ({
    answer(response, request, asked) {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const now = Date.now();
      if (asked === 'files' && searchParams.has('path')) {
        head(response, { 'content-length': String(1_500 * MB), 'x-lectern-sha256': sha256 });
        return pour(response, 1_500 * MB);
      }
      if (asked === 'files') return json(response, { entries: ['one.txt', 'two.txt', '../three.txt'].map((path) => ({ kind: 'file', path, size: now % 2 ? 10 : 1e14, sha256, modifiedMs: now })), complete: true });
      if (asked === 'status') return json(response, { nowMs: now, lastInputMs: now + 1e9, lastBusyMs: now + 1e9, kernels: [{ kernelId: 'another', path: '../../another.ipynb', state: 'busy', waitingForInput: true }], terminals: 1e9, diskUsedBytes: 1e15, diskSizeBytes: 1 });
      if (asked === 'put-back') return void request.resume().once('end', () => json(response, { written: { 'another.ipynb': sha256 }, refused: [] }));
      if (asked === 'open') return json(response, { sessionId: 'another', kernelId: 'another' });
      head(response, { 'content-length': String(100 * MB) });
      return pour(response, 50 * MB);
    },
    channel: (_, accept) => void accept().send(Buffer.alloc(64, 255)),
  }),

  malformed() {
    let turn = 0;
    const odd = (socket: Duplex) => oddities[(turn += 1) % oddities.length]!(socket);
    return { answer: (response) => odd(response.socket!), channel: odd };
  },

  silent: () => ({ answer: () => undefined, channel: () => undefined }),

  flooding(taken) {
    let isEndless = true;
    return {
      answer(response, request, asked) {
        if (asked !== 'events') return forward(taken, request, response);
        isEndless = !isEndless;
        head(response);
        if (isEndless) return pour(response);
        const line = '{"kind":"busy","kernelId":"k"}\n{"kind":"executed","kernelId":"k","path":null}\n';
        return pour(response, Infinity, Buffer.from(line.repeat(1_000)));
      },
      channel: frames(1_000),
    };
  },

  forged: () => ({
    identity: (response, request) => json(response, proof('the key of another server', { id: '00000000-0000-4000-8000-000000000000', generation: 1 } as ServerRef, request)),
    answer: (response) => void response.writeHead(403).end(),
    channel: (socket) => void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'),
  }),

  'quick to die'(taken) {
    let asked = 0;
    return {
      answer(response) {
        head(response, { 'content-length': '1000' }).write('{"sessionId": "', () => response.destroy());
        if ((asked += 1) === 5) taken.kill();
      },
      channel: closed,
    };
  },

  huge: () => ({
    answer(response) {
      head(response).write('{"a": [');
      const field = Buffer.from(`"${'x'.repeat(20 * MB)}", `);
      pour(response, 200 * MB, field);
    },
    channel: frames(20 * MB),
  }),

  replaying(taken) {
    const recorded = ['/lectern/status', '/lectern/files', '/api/kernels', '/api/contents'].map((path) => askReal(taken, path));
    let turn = 0;
    return {
      answer(response) {
        void recorded[(turn += 1) % recorded.length]!.then((bytes) => head(response).end(bytes));
      },
      channel: (_, accept) => {
        const socket = accept();
        socket.on('message', (bytes: Buffer) => socket.send(bytes));
      },
    };
  },
};

const asReal = ({ real, secrets }: Taken) => ({ socketPath: real, headers: { host: 'localhost', authorization: `token ${secrets.token}` } });

function askReal(taken: Taken, path: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const asking = httpRequest({ ...asReal(taken), path }, (reply) => void buffer(reply).then(resolve, () => resolve(Buffer.alloc(0))));
    asking.on('error', () => resolve(Buffer.alloc(0))).end();
  });
}

function forward(taken: Taken, request: IncomingMessage, response: ServerResponse): void {
  const { socketPath, headers } = asReal(taken);
  const asking = httpRequest({ socketPath, path: request.url, method: request.method, headers: { ...request.headers, ...headers } }, (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.on('error', () => response.destroy()).pipe(response);
  });
  request.pipe(asking.on('error', () => response.destroy()));
}

/** Its identity is answered truly, by the keys of the server it took, unless forging it is the point. */
export function hostile(kind: Kind, taken: Taken): Says {
  const { answer, channel, identity = (response, request) => json(response, proof(taken.secrets.identityKey, taken.ref, request)) } = behaviours[kind](taken);
  return {
    answer(request, response) {
      response.on('error', () => undefined);
      const asked = new URL(request.url ?? '/', 'http://localhost').pathname.split('/').at(-1) ?? '';
      (asked === 'identity' ? identity : answer)(response, request, asked);
    },
    upgrade(request, socket, first) {
      let accepted: WebSocket | undefined;
      channel(socket.on('error', () => undefined), () => {
        accepting.handleUpgrade(request, socket, first, (each) => (accepted = each.on('error', () => undefined)));
        return accepted!;
      });
    },
  };
}
