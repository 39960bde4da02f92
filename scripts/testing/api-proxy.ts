import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { CredentialSource } from '../../lib/adapters/kubernetes/credentials.ts';

type Watch = { stalled: boolean; end(): void };

export type ApiProxy = Awaited<ReturnType<typeof makeApiProxy>>;

/** A way to a real API server on which its watches can be made to fail. */
export async function makeApiProxy(credentials: CredentialSource) {
  const watches = new Set<Watch>();
  let gate: Promise<void> = Promise.resolve();
  let bunchMs = 0;

  const server = createServer((asked, response) => void forward(asked, response).catch(() => response.destroy()));

  async function forward(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const isWatch = asked.url!.includes('watch=true');
    if (isWatch) await gate;
    const { server: target, headers, tls } = await credentials(false);
    const kept = { ...asked.headers };
    delete kept.host;
    const onward = request(new URL(asked.url!, target), { method: asked.method, headers: { ...kept, ...headers }, ...tls, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.on('error', () => response.destroy());
      if (isWatch && answer.statusCode === 200) watch(answer, response);
      else answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    asked.pipe(onward);
  }

  function watch(answer: IncomingMessage, response: ServerResponse): void {
    response.flushHeaders();
    const lines = createInterface({ input: answer });
    const one: Watch = {
      stalled: false,
      end() {
        one.stalled = true;
        response.end();
      },
    };
    watches.add(one);
    let bunch: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    const send = (line: string) => one.stalled || response.write(`${line}\n`);
    const flush = () => {
      clearTimeout(timer);
      timer = undefined;
      const events = bunch;
      bunch = [];
      for (const line of [...events].reverse()) send(line);
      for (const line of events.slice(0, -1)) send(line);
    };
    lines.on('line', (line) => {
      if (bunchMs === 0) return void send(line);
      bunch.push(line);
      timer ??= setTimeout(flush, bunchMs);
    });
    lines.on('error', () => response.destroy());
    lines.on('close', () => {
      flush();
      if (!one.stalled) response.end();
    });
    response.on('error', () => {});
    response.on('close', () => watches.delete(one));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    credentials: (async () => ({ server: url, headers: {}, tls: {} })) satisfies CredentialSource,
    watching: () => watches.size,
    /** The watches that are open pass on nothing any more, not even their end. */
    stall() {
      for (const one of watches) one.stalled = true;
    },
    /** Ends the open watches, as the API server does from time to time; the next ones get through only when this is done. */
    async between(work: () => Promise<void>): Promise<void> {
      const opened = Promise.withResolvers<void>();
      gate = opened.promise;
      for (const one of watches) one.end();
      try {
        await work();
      } finally {
        opened.resolve();
      }
    },
    /** From now on what happens within so long is told backwards, and all but the last of it once more. */
    disorder: (ms: number) => void (bunchMs = ms),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
