import { createHmac } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { WebSocketServer } from 'ws';
import { readConfig } from '../../lib/config/config.ts';
import { makeGateway } from '../../lib/gateway/server.ts';
import { makeHub } from '../../lib/hub.ts';

/** What stands at the other ends of the gateway's benchmark; one process each. */
const roles: Record<string, (env: Record<string, string>) => Promise<number>> = {
  async target({ BENCH_SOCKET, BENCH_IDENTITY, BENCH_REF }) {
    const ref = JSON.parse(BENCH_REF!) as { id: string; generation: number };
    const body = Buffer.alloc(2048, 'x');
    const answer = (url: string, response: ServerResponse) => {
      const nonce = /^\/lectern\/identity\?nonce=([\w-]+)/.exec(url)?.[1];
      if (nonce === undefined) return response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
      const proof = createHmac('sha256', BENCH_IDENTITY!).update(`${nonce}:${ref.id}:${ref.generation}`).digest('hex');
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...ref, proof }));
    };
    const web = new WebSocketServer({ noServer: true });
    const message = Buffer.alloc(200, 'm');
    const server = createServer((request, response) => void answer(request.url ?? '', response)).on('upgrade', (request, socket, head) => {
      web.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => client.terminate());
        const more = () => {
          for (let i = 0; i < 50 && client.bufferedAmount < 256 * 1024; i += 1) client.send(message);
          if (client.readyState === client.OPEN) setImmediate(more);
        };
        more();
      });
    });
    await new Promise<void>((resolve) => server.listen(BENCH_SOCKET, resolve));
    return 0;
  },

  /** The least a proxy with undici can do: every header passes, nobody is asked. */
  async bare({ BENCH_SOCKET }) {
    const pool = new Pool('http://localhost', { socketPath: BENCH_SOCKET, connections: 64, pipelining: 1 });
    return listen(
      createServer((request, response) => {
        pool.dispatch(
          { method: request.method as 'GET', path: request.url!, headers: request.headers },
          {
            onRequestStart: () => undefined,
            onResponseStart: (_controller, status, headers) => void response.writeHead(status, headers),
            onResponseData: (_controller, chunk) => void response.write(chunk),
            onResponseEnd: () => void response.end(),
            onResponseError: () => void response.destroy(),
          },
        );
      }),
    );
  },

  async gateway(env) {
    const { config, secrets } = readConfig(env);
    return makeGateway(makeHub(config, secrets)).listen(0, '127.0.0.1');
  },
};

const listen = (server: ReturnType<typeof createServer>) =>
  new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));

process.send!({ port: await roles[process.argv[2]!]!(process.env as Record<string, string>) });
process.on('disconnect', () => process.exit());
