import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { makeApi } from '../../lib/adapters/kubernetes/api.ts';
import { makeCache } from '../../lib/adapters/kubernetes/cache.ts';
import { inCluster } from '../../lib/adapters/kubernetes/credentials.ts';
import { followPods } from '../../lib/adapters/kubernetes/follow.ts';
import { PORT } from '../../lib/adapters/kubernetes/pod.ts';
import { readEnvironment } from '../../lib/config/read.ts';
import { serverSecrets } from '../../lib/core/servers/secrets.ts';
import type { ServerRef } from '../../lib/core/servers/server.ts';

// What answers at the address of every simulated pod, in the place of its Jupyter Server: proof of identity, state and events, as the
// notebook environment's extension does. Of ten learners one is at work; nobody runs anything.

const BREATH_MS = 15_000;
const INPUT_MS = 10_000;

const { config, secrets } = readEnvironment();
const began = Date.now();
const api = makeApi(inCluster(config.kubernetes.apiServer));
const servers = new Map<string, ServerRef>();
const expected = new Map<string, () => void>();
const listening = new Set<ServerResponse>();
const atWork = new Set<ServerResponse>();

for (const namespace of config.kubernetes.namespaces) {
  const hear = ({ now }: { now?: { ref: ServerRef; sighting: { state: string; address?: { kind: string; host?: string } } } }) => {
    const host = now?.sighting.address?.host;
    if (!now || !host) return;
    servers.set(host, now.ref);
    expected.get(host)?.();
  };
  followPods({ api, namespace, cache: makeCache(hear), onTrouble: (error) => process.stderr.write(`stand-in: ${String(error)}\n`) });
}

/** Whose address it is. The controller may have heard of a pod a moment before. */
async function serverAt(host: string): Promise<ServerRef | undefined> {
  if (!servers.has(host)) await new Promise<void>((done) => void (expected.set(host, done), setTimeout(done, 2_000)));
  expected.delete(host);
  return servers.get(host);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const json = (body: unknown) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  switch (pathname) {
    case '/lectern/identity': {
      const ref = await serverAt(request.socket.localAddress ?? '');
      if (!ref) return void response.writeHead(404).end();
      const { identityKey } = serverSecrets(secrets.keys[0]!.server, ref);
      return json({ proof: createHmac('sha256', identityKey).update(`${searchParams.get('nonce')}:${ref.id}:${ref.generation}`).digest('hex') });
    }
    case '/lectern/status':
      return json({ nowMs: Date.now(), lastInputMs: began, lastBusyMs: began, kernels: [{ kernelId: 'warm', state: 'idle', waitingForInput: false }], terminals: 0, diskUsedBytes: 1 << 20, diskSizeBytes: 500 << 20 });
    case '/lectern/files':
      return json({ entries: [], complete: true });
    case '/lectern/events':
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('\n');
      listening.add(response);
      if (listening.size % 10 === 0) atWork.add(response);
      return void response.on('close', () => (listening.delete(response), atWork.delete(response)));
    default:
      return void response.writeHead(404).end();
  }
}

setInterval(() => listening.forEach((response) => response.write('\n')), BREATH_MS);
setInterval(() => atWork.forEach((response) => response.write('{"kind":"input"}\n')), INPUT_MS);
createServer((request, response) => void answer(request, response).catch((error: unknown) => response.destroy(error as Error)))
  .listen({ port: PORT, host: '0.0.0.0', backlog: 8_192 }, () => process.stdout.write('listening\n'));
