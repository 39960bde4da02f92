import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anySecrets, anyServer } from '../../lib/core/servers/server.fixture.ts';
import type { Access } from '../../lib/core/servers/jupyter.ts';

/** What a server says that somebody else has taken over: it holds the keys of the real one, and answers as it likes. */
export type Says = (response: ServerResponse, request: IncomingMessage) => void;

export type Hostile = {
  access: Access;
  /** How it answers what is asked below /lectern/, by the last name of the path; `identity` is answered truly unless told otherwise. */
  says: Map<string, Says>;
  /** Bytes that were taken from it, its heads included. */
  taken(): number;
  /** Connections that stand. */
  connections(): number;
  end(): Promise<void>;
};

const MB = 1024 * 1024;
const filler = Buffer.alloc(MB, 'x');

const head = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' });

/** Goes on for ever, as fast as it is read. */
export const endless: Says = (response) => {
  head(response);
  const more = () => {
    while (!response.destroyed && response.write(filler));
    if (!response.destroyed) response.once('drain', more);
  };
  response.write('{"proof": "');
  more();
};

/** A byte each tenth of a second: it is never silent, and never done. */
export const dripping: Says = (response) => {
  head(response);
  const drip = setInterval(() => response.write(' '), 100);
  response.once('close', () => clearInterval(drip));
};

export const silent: Says = () => undefined;

export const json =
  (value: unknown): Says =>
  (response) =>
    head(response).end(JSON.stringify(value));

export const text =
  (value: string): Says =>
  (response) =>
    head(response).end(value);

/** Takes all that it is sent before it answers. */
export const afterBody =
  (says: Says): Says =>
  (response, request) =>
    request.resume().once('end', () => says(response, request));

export async function startHostile(): Promise<Hostile> {
  const folder = mkdtempSync(join(tmpdir(), 'lh-'));
  const path = join(folder, 's');
  const access: Access = { ref: anyServer(), address: { kind: 'unix', path }, secrets: anySecrets() };
  const says = new Map<string, Says>();
  const sockets = new Set<Socket>();
  let gone = 0;
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const asked = url.pathname.split('/').at(-1) ?? '';
    const answer = says.get(asked);
    if (answer) return answer(response, request);
    if (asked !== 'identity') return void response.writeHead(404).end();
    const proof = createHmac('sha256', access.secrets.identityKey).update(`${url.searchParams.get('nonce')}:${access.ref.id}:${access.ref.generation}`).digest('hex');
    json({ id: access.ref.id, generation: access.ref.generation, proof, kernel: 'warm' })(response, request);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      gone += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    access,
    says,
    taken: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, gone),
    connections: () => sockets.size,
    async end() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
      rmSync(folder, { recursive: true });
    },
  };
}

/** The real adapter, for tests of programs, which speak to it through their hub. */
export { makeJupyter } from '../../lib/adapters/jupyter/jupyter.ts';
