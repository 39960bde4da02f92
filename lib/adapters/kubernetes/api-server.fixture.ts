import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { emptyMarks, type SeenMarks } from './marks.ts';
import type { SeenPod } from './sight.ts';

type Refusal = { status: number; reason?: string; retryAfterS?: number };
type Watch = { from: number; response: ServerResponse };
/** What happens to a request instead of an answer; `lost`: it is carried out, and its answer never comes. */
export type Fault = (request: { method: string; url: URL }) => Refusal | 'reset' | 'lost' | undefined;

export type ApiServer = Awaited<ReturnType<typeof startApiServer>>;

/** The status with which pods are said to run, as a kubelet writes it. */
export const readyStatus: SeenPod['status'] = {
  phase: 'Running',
  podIP: '10.0.0.9',
  conditions: ['PodScheduled', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True', lastTransitionTime: '2026-01-05T09:00:09Z' })),
  containerStatuses: [{ state: { running: {} } }],
};

/**
 * As much of an API server as we speak to, over real HTTP, with the faults a real one has but not on demand. It has no nodes: a test says
 * what becomes of pods.
 */
export async function startApiServer({ port = 0, token = 'first' }: { port?: number; token?: string } = {}) {
  const pods = new Map<string, SeenPod>();
  const history: { version: number; line: string }[] = [];
  const watches = new Set<Watch>();
  const requests: { method: string; path: string; atMs: number }[] = [];
  let [version, oldest, mute, atOnce, mostAtOnce] = [100, 0, false, 0, 0];
  let fault: Fault = () => undefined;
  const state = {
    token,
    /** How long a creation takes. */
    slowMs: 0,
    /** None where it is not deployed. */
    marks: { ...emptyMarks, metadata: { ...emptyMarks.metadata, resourceVersion: '100' } } as SeenMarks | undefined,
    onMade: (_pod: SeenPod): void => {},
    /** 'later': the pod stays, being deleted, until the test removes it. */
    onDelete: (_pod: SeenPod): 'at once' | 'later' => 'at once',
  };

  function record(type: string, pod: SeenPod): void {
    const line = `${JSON.stringify({ type, object: pod })}\n`;
    history.push({ version, line });
    if (!mute) for (const { response } of watches) response.write(line);
  }
  const stamped = (pod: SeenPod): SeenPod => ({ ...pod, metadata: { ...pod.metadata, resourceVersion: String(++version) } });

  function write(pod: SeenPod): SeenPod {
    const written = stamped(pod);
    record(pods.has(pod.metadata.name) ? 'MODIFIED' : 'ADDED', written);
    pods.set(pod.metadata.name, written);
    return written;
  }
  function remove(name: string): void {
    const pod = pods.get(name);
    if (!pod) return;
    pods.delete(name);
    record('DELETED', stamped(pod));
  }

  const send = (response: ServerResponse, status: number, body: unknown, headers = {}) => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const refuse = (response: ServerResponse, { status, reason = '', retryAfterS }: Refusal) =>
    send(response, status, { kind: 'Status', reason, message: `said no: ${reason}` }, retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) });

  function list(url: URL, response: ServerResponse): void {
    const all = [...pods.values()];
    const [from, limit] = [Number(url.searchParams.get('continue') ?? 0), Number(url.searchParams.get('limit') ?? Infinity)];
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    send(response, 200, { kind: 'PodList', metadata: { resourceVersion: String(version), ...more }, items: all.slice(from, from + limit) });
  }

  function watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    if (from < oldest) return void response.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } })}\n`);
    const mine = { from, response };
    watches.add(mine);
    if (!mute) for (const event of history) if (event.version > from) response.write(event.line);
    const end = setTimeout(() => {
      if (mute) return;
      response.end(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: String(version) } } })}\n`);
    }, Number(url.searchParams.get('timeoutSeconds')) * 1000);
    response.on('close', () => {
      clearTimeout(end);
      watches.delete(mine);
    });
  }

  const markWatches = new Set<ServerResponse>();
  const markEvent = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

  async function carryOutMarks(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    if (request.method === 'PATCH') {
      const { data } = (await json(request)) as { data: Record<string, string | null> };
      if (!state.marks) return refuse(response, { status: 404, reason: 'NotFound' });
      const merged = Object.entries({ ...state.marks.data, ...data }).filter((entry): entry is [string, string] => entry[1] !== null);
      state.marks = { ...state.marks, metadata: { ...state.marks.metadata, resourceVersion: String(++version) }, data: Object.fromEntries(merged) };
      for (const watching of markWatches) watching.write(markEvent('MODIFIED', state.marks));
      return send(response, 200, state.marks);
    }
    if (!url.searchParams.has('watch')) return send(response, 200, { kind: 'ConfigMapList', metadata: { resourceVersion: String(version) }, items: state.marks ? [state.marks] : [] });
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    markWatches.add(response);
    if (state.marks && Number(state.marks.metadata.resourceVersion) > Number(url.searchParams.get('resourceVersion'))) response.write(markEvent('MODIFIED', state.marks));
    const end = setTimeout(() => response.end(markEvent('BOOKMARK', { metadata: { resourceVersion: String(version) } })), Number(url.searchParams.get('timeoutSeconds')) * 1000);
    response.on('close', () => {
      clearTimeout(end);
      markWatches.delete(response);
    });
  }

  async function carryOut(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    if (url.pathname.includes('/configmaps')) return carryOutMarks(request, url, response);
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const body = ['POST', 'PATCH', 'DELETE'].includes(request.method!) ? await json(request) : {};
    if (!name && request.method === 'POST') {
      if (state.slowMs > 0) await new Promise((over) => setTimeout(over, state.slowMs));
      const made = body as SeenPod;
      if (pods.has(made.metadata.name)) return refuse(response, { status: 409, reason: 'AlreadyExists' });
      const pod = write({ ...made, metadata: { ...made.metadata, namespace: namespace!, uid: randomUUID() } });
      state.onMade(pod);
      return send(response, 201, pod);
    }
    if (!name) return url.searchParams.has('watch') ? watch(url, response) : list(url, response);
    const pod = pods.get(name);
    if (!pod) return refuse(response, { status: 404, reason: 'NotFound' });
    if (request.method === 'GET') return send(response, 200, pod);
    if (request.method === 'PATCH') {
      const { labels, annotations } = (body as { metadata: SeenPod['metadata'] }).metadata;
      return send(response, 200, write({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...labels }, annotations: { ...pod.metadata.annotations, ...annotations } } }));
    }
    const { preconditions, gracePeriodSeconds } = body as { preconditions?: { uid: string }; gracePeriodSeconds: number };
    if (preconditions && preconditions.uid !== pod.metadata.uid) return refuse(response, { status: 409, reason: 'Conflict' });
    const going = write({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString() } });
    const now = gracePeriodSeconds === 0 || state.onDelete(going) === 'at once';
    if (now) remove(name);
    // What is gone already is told without a version.
    send(response, 200, now ? { ...going, metadata: { ...going.metadata, resourceVersion: undefined } } : going);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://api');
    const method = url.searchParams.has('watch') ? 'WATCH' : request.method!;
    requests.push({ method, path: url.pathname, atMs: performance.now() });
    atOnce += method === 'WATCH' ? 0 : 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    response.on('close', () => (atOnce -= method === 'WATCH' ? 0 : 1));
    const what = request.headers.authorization === `Bearer ${state.token}` ? fault({ method, url }) : { status: 401, reason: 'Unauthorized' };
    if (what === 'reset') return void request.socket.destroy();
    if (typeof what === 'object') return refuse(response, what);
    if (what === 'lost') Object.assign(response, { end: () => request.socket.destroy() });
    carryOut(request, url, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));

  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    port: (server.address() as AddressInfo).port,
    pods,
    requests,
    mostAtOnce: () => mostAtOnce,
    write,
    remove,
    /** From now on what is written is told to nobody who watches now, and their watches do not end. */
    silence: () => void (mute = true),
    /** Watches begun from now on hear again. */
    speak: () => void (mute = false),
    /** Forgets what happened, so that no earlier version can be watched from. */
    compact: () => void (oldest = version),
    watching: () => watches.size,
    /** Ends every watch: as asked for, in the middle of a line, or with the connection. */
    endWatches(how: 'well' | 'mid-line' | 'reset') {
      for (const { response } of watches) {
        if (how === 'reset') response.destroy();
        else response.end(how === 'mid-line' ? '{"type":"MODIFIED","obj' : '');
      }
    },
    fault: (now: Fault) => void (fault = now),
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  });
}
