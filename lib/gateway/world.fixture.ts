import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { makeDatabase } from '../../scripts/testing/database.ts';
import { makeTestSpawner, waitFor } from '../../scripts/testing/server.ts';
import { readConfig } from '../config/config.ts';
import type { GatewayRows } from '../core/auth/access.ts';
import { signGrant, signPass, type GrantFacts } from '../core/auth/grant.ts';
import type { ServerId, SessionId, UserId, WorkspaceId, WorkspaceKey } from '../core/ids.ts';
import { serverSecrets } from '../core/servers/secrets.ts';
import { anyProfile } from '../core/servers/server.fixture.ts';
import type { Address, ServerRef } from '../core/servers/server.ts';
import { makeHub } from '../hub.ts';
import { makeGateway, type Gateway, type GatewayDeps } from './server.ts';

export const SITE = 'http://lectern.localhost:3000';
const SITE_HOST = 'lectern.localhost:3000';

/** What arrived at a server that stands for Jupyter: it proves its identity as Jupyter does and records all else. */
export type Upstream = {
  address: Address;
  seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[];
  connections(): number;
  /** How requests are answered; 200 with `ok` unless a test says otherwise. */
  respond: (request: IncomingMessage, response: ServerResponse, body: string) => void;
  /** The id and generation it proves; a test may make it lie. */
  identity: { ref: ServerRef; key: string };
  sockets: Set<WebSocket>;
  dropConnections(): void;
  close(): Promise<void>;
};

export async function startUpstream(folder: string, identity: Upstream['identity'], kind: 'unix' | 'tcp' = 'unix'): Promise<Upstream> {
  const open = new Set<Socket>();
  const web = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false });
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://x');
      if (url.pathname === '/lectern/identity') return prove(url.searchParams.get('nonce') ?? '', response);
      upstream.seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      upstream.respond(request, response, body);
      // Who broke off waits for no answer.
    }, () => response.destroy());
  });
  const prove = (nonce: string, response: ServerResponse) => {
    const { ref, key } = upstream.identity;
    const proof = createHmac('sha256', key).update(`${nonce}:${ref.id}:${ref.generation}`).digest('hex');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...ref, proof }));
  };
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    upstream.seen.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.headers, body: '' });
    web.handleUpgrade(request, socket, head, (client) => {
      upstream.sockets.add(client);
      client.on('close', () => upstream.sockets.delete(client));
      client.on('error', () => client.terminate());
      client.on('message', (data, binary) => client.send(data, { binary }));
    });
  });
  const path = join(folder, `${randomBytes(4).toString('hex')}.sock`);
  if (kind === 'unix') server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: Upstream = {
    address: kind === 'unix' ? { kind, path } : { kind, host: '127.0.0.1', port: portOf(server) },
    seen: [],
    connections: () => open.size,
    respond: (_request, response) => response.end('ok'),
    identity,
    sockets: new Set(),
    dropConnections() {
      for (const socket of open) socket.destroy();
    },
    async close() {
      if (!server.listening) return;
      upstream.dropConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const portOf = (server: Server) => (server.address() as { port: number }).port;

export type Person = GrantFacts & { host: string; origin: string; upstream: Upstream };

/** A gateway in this process before real PostgreSQL, with people, their servers and a site behind it. */
export async function makeWorld(options: Partial<Pick<GatewayDeps, 'patience' | 'writes' | 'leastRate' | 'now'>> & { rows?: (real: GatewayRows) => GatewayRows } = {}) {
  const database = await makeDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'lg-'));
  const siteUpstream = await startUpstream(folder, { ref: { id: 'site' as ServerId, generation: 0 }, key: 'site' }, 'tcp');
  const webPort = (siteUpstream.address as { port: number }).port;
  const { config, secrets } = readConfig({ DATABASE_URL: database.url, LECTERN_SECRET: 'a secret of thirty-two characters', LECTERN_WEB_PORT: String(webPort), LECTERN_LOG_LEVEL: 'fatal', LECTERN_WORKSPACE_MB: '1' });
  const hub = makeHub(config, secrets);
  const closing: (() => Promise<unknown>)[] = [];
  let spawner: Awaited<ReturnType<typeof makeTestSpawner>> | undefined;
  const { query } = hub.database;
  const id = async <Id>(sql: string, values: unknown[]) => (await query<{ id: Id }>(sql, values))[0]!.id;
  const { promise: listening, resolve: heard } = Promise.withResolvers<void>();
  hub.bus.subscribe(() => undefined, heard);

  async function addServer(workspace: WorkspaceId, generationOf?: ServerRef): Promise<{ ref: ServerRef; upstream: Upstream }> {
    if (generationOf) await query(`UPDATE server SET state = 'stopped', reason = 'crashed', ended_at = now() WHERE id = $1`, [generationOf.id]);
    const [row] = await query<{ id: ServerId; generation: number }>(
      `INSERT INTO server (profile, state, workspace_id, instance, address, claimed_at, marked_at, active_at)
       VALUES ('default', 'running', $1, 'i', '{}', now(), now(), now()) RETURNING id, generation`,
      [workspace],
    );
    const ref = { id: row!.id, generation: row!.generation };
    const upstream = await startUpstream(folder, { ref, key: serverSecrets(secrets.keys[0]!.server, ref).identityKey });
    closing.push(() => upstream.close());
    await query('UPDATE server SET address = $2 WHERE id = $1', [ref.id, JSON.stringify(upstream.address)]);
    return { ref, upstream };
  }

  /** A real notebook server for the person, sandboxed where this machine can; `kill` ends it with SIGKILL. */
  async function addJupyter(person: Pick<Person, 'wsp'>, pythonDir: string): Promise<{ ref: ServerRef; kill(): Promise<void> }> {
    if (!spawner) {
      spawner = await makeTestSpawner(pythonDir);
      closing.push(() => spawner!.end());
    }
    const started = spawner;
    await query(`UPDATE server SET state = 'stopped', reason = 'crashed', ended_at = now() WHERE workspace_id = $1 AND state = 'running'`, [person.wsp]);
    const [row] = await query<{ id: ServerId; generation: number }>(`INSERT INTO server (profile, state) VALUES ('test', 'warming') RETURNING id, generation`);
    const ref = { id: row!.id, generation: row!.generation };
    await started.start(ref, anyProfile, serverSecrets(secrets.keys[0]!.server, ref));
    const { address } = await waitFor(started, ref, 'ready');
    await query(`UPDATE server SET state = 'running', workspace_id = $2, instance = 'i', address = $3, claimed_at = now(), marked_at = now(), active_at = now() WHERE id = $1`, [ref.id, person.wsp, JSON.stringify(address)]);
    await hub.bus.publish({ kind: 'server', id: ref.id, workspace: person.wsp });
    return { ref, kill: () => started.stop(ref) };
  }

  async function addPerson(): Promise<Person> {
    const sub = await id<UserId>(`INSERT INTO "user" (email) VALUES ($1) RETURNING id`, [`${randomUUID()}@example.org`]);
    const sid = await id<SessionId>(`INSERT INTO session (session_token, user_id, expires) VALUES ($1, $2, now() + interval '1 day') RETURNING id`, [randomUUID(), sub]);
    const course = await id(`INSERT INTO course (slug, title) VALUES ($1, $1) RETURNING id`, [randomUUID()]);
    await query('INSERT INTO enrolment (user_id, course_id) VALUES ($1, $2)', [sub, course]);
    const key = `k${randomBytes(24).toString('base64').toLowerCase().replace(/[^a-z2-7]/g, '').padEnd(19, 'a').slice(0, 19)}` as WorkspaceKey;
    const wsp = await id<WorkspaceId>('INSERT INTO workspace (key, user_id, course_id) VALUES ($1, $2, $3) RETURNING id', [key, sub, course]);
    const { ref, upstream } = await addServer(wsp);
    const host = `${key}.nb.${SITE_HOST}`;
    return { sid, sub, wsp, key, srv: ref.id, gen: ref.generation, host, origin: `http://${host}`, upstream };
  }

  const makeOne = (more: Partial<GatewayDeps> = {}): Gateway => makeGateway({ ...hub, ...more, patience: { pingMs: 30_000, deadMs: 75_000 }, ...options, rows: options.rows?.(hub.rows) ?? hub.rows });
  const gateway = makeOne();
  const port = await gateway.listen(0, '127.0.0.1');
  await listening;

  return {
    hub, config, secrets, gateway, port, site: siteUpstream, folder, query, addPerson, addServer, addJupyter, makeOne,
    grantOf: (facts: GrantFacts, at = new Date()) => signGrant(facts, secrets.keys, at),
    async cookieOf(facts: GrantFacts, at = new Date()) {
      return `__Host-lectern=${await signPass(facts, secrets.keys, at)}`;
    },
    async close() {
      await gateway.drain(200);
      for (const close of closing) await close();
      await siteUpstream.close();
      await hub.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;

export type Reply = { status: number; headers: IncomingHttpHeaders; body: string };

/** One request as a browser's page of that very origin would make it, unless its headers say otherwise. Undefined drops a header. */
export function ask(port: number, host: string, path: string, { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string | string[] | undefined>; body?: string } = {}): Promise<Reply> {
  const sent = Object.fromEntries(Object.entries({ host, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', ...headers }).filter(([, value]) => value !== undefined)) as Record<string, string>;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: sent, agent: false, setHost: false });
    request.on('error', reject);
    request.on('response', (response) => {
      readBody(response).then((text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }), reject);
    });
    request.end(body);
  });
}

/** The answer to an upgrade: the socket when it was opened, its status when not. */
export function dial(port: number, host: string, path: string, headers: Record<string, string | undefined> = {}, protocols: string[] = []): Promise<{ status: number; headers: IncomingHttpHeaders; socket?: WebSocket }> {
  const sent = Object.fromEntries(Object.entries({ host, origin: `http://${host}`, ...headers }).filter(([, value]) => value !== undefined)) as Record<string, string>;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers: sent, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {};
    socket.on('upgrade', (response: IncomingMessage) => ({ headers } = response));
    socket.on('open', () => resolve({ status: 101, headers, socket }));
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      socket.on('error', () => undefined);
      socket.terminate();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    socket.on('error', reject);
  });
}

/** Bytes as they are, and all that comes back until the other side closes. */
export async function raw(port: number, text: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}
