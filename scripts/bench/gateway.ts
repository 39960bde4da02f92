import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signPass, type GrantFacts } from '../../lib/core/auth/grant.ts';
import { serverSecrets } from '../../lib/core/servers/secrets.ts';
import { readConfig } from '../../lib/config/config.ts';
import { makeHub } from '../../lib/hub.ts';
import { migrate } from '../migrate.ts';
import { createDatabase, startEmbeddedPostgres } from '../postgres.ts';
import { figure, median, type Figure } from './figure.ts';

const HOST = 'lectern.localhost:3000';
const CONNECTIONS = 32;
const SOCKETS = 4;
const RUN_MS = 400;
const RUNS = 11;

/**
 * The gateway against a bare undici proxy and against no proxy, to the same unix socket in the same run: ratios, for the
 * machine's speed is not the point. Client, target and both proxies are processes of their own.
 */
export async function benchGateway(say: (line: string) => void = () => undefined): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lb-'));
  const postgres = await startEmbeddedPostgres(join(folder, 'pg'), { settings: ['fsync=off'] });
  const children: ChildProcess[] = [];
  const role = async (name: string, env: Record<string, string>) => {
    const child = fork(join(import.meta.dirname, 'gateway-roles.ts'), [name], { env: { ...process.env, ...env }, stdio: 'inherit' });
    children.push(child);
    const gone = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code} before it listened`)));
    gone.catch(() => undefined);
    const [message] = (await Promise.race([once(child, 'message'), gone])) as [{ port: number }];
    return message.port;
  };
  try {
    const url = postgres.url('bench');
    await createDatabase(url);
    migrate(url);
    const settings = { DATABASE_URL: url, LECTERN_SECRET: 'a secret of thirty-two characters', LECTERN_LOG_LEVEL: 'fatal' };
    const { facts, cookie, identity, address, ref } = await furnish(settings, join(folder, 't.sock'));
    await role('target', { BENCH_SOCKET: address.path, BENCH_IDENTITY: identity, BENCH_REF: JSON.stringify(ref) });
    const [bare, gateway] = [await role('bare', { BENCH_SOCKET: address.path }), await role('gateway', settings)];
    const host = `${facts.key}.nb.${HOST}`;
    const request = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nSec-Fetch-Site: same-origin\r\nAccept: */*\r\n${more}\r\n`;
    const opening = request('/stream', `Origin: http://${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`);

    const requests = median(await ratios(6, () => requestsPerSecond(gateway, request('/api')), () => requestsPerSecond(bare, request('/api')), (text) => say(`requests: ${text}`)));
    const messages = median(await ratios(2, () => messagesPerSecond(gateway, opening), () => messagesPerSecond(address.path, opening), (text) => say(`messages: ${text}`)));
    return [figure('gateway-requests', requests, 'of a bare undici proxy', 0.7, 'higher', 0.32), figure('gateway-websocket', messages, 'of direct', 0.9, 'higher')];
  } finally {
    for (const child of children) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Ours to theirs, again and again in turns: whatever else the machine does falls on both. The first rounds, until both
 * are compiled as well as they ever are, do not count.
 */
async function ratios(warmingUp: number, ours: () => Promise<number>, theirs: () => Promise<number>, say: (line: string) => void): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < warmingUp + RUNS; round += 1) {
    let mine = 0;
    if (round % 2) mine = await ours();
    const other = await theirs();
    if (round % 2 === 0) mine = await ours();
    say(`${Math.round(mine)}/s beside ${Math.round(other)}/s`);
    if (round >= warmingUp) found.push(mine / other);
  }
  return found;
}

/** The rows of one learner with a running server, and their cookie. */
async function furnish(settings: Record<string, string>, path: string) {
  const { config, secrets } = readConfig(settings);
  const hub = makeHub(config, secrets);
  try {
    const id = async (sql: string, values: unknown[]) => (await hub.database.query<{ id: string }>(sql, values))[0]!.id;
    const sub = await id(`INSERT INTO "user" (email) VALUES ('bench@example.org') RETURNING id`, []);
    const sid = await id(`INSERT INTO session (session_token, user_id, expires) VALUES ($1, $2, now() + interval '1 day') RETURNING id`, [randomUUID(), sub]);
    const course = await id(`INSERT INTO course (slug, title) VALUES ('bench', 'bench') RETURNING id`, []);
    await hub.database.query('INSERT INTO enrolment (user_id, course_id) VALUES ($1, $2)', [sub, course]);
    const key = 'kbenchbenchbenchbenc';
    const wsp = await id('INSERT INTO workspace (key, user_id, course_id) VALUES ($1, $2, $3) RETURNING id', [key, sub, course]);
    const address = { kind: 'unix', path } as const;
    const [server] = await hub.database.query<{ id: string; generation: number }>(
      `INSERT INTO server (profile, state, workspace_id, instance, address, claimed_at, marked_at, active_at) VALUES ('default', 'running', $1, 'i', $2, now(), now(), now()) RETURNING id, generation`,
      [wsp, JSON.stringify(address)],
    );
    const facts = { sid, sub, wsp, key, srv: server!.id, gen: server!.generation } as GrantFacts;
    const ref = { id: facts.srv, generation: facts.gen };
    return { facts, address, ref, identity: serverSecrets(secrets.keys[0]!.server, ref).identityKey, cookie: `__Host-lectern=${await signPass(facts, secrets.keys, new Date())}` };
  } finally {
    await hub.close();
  }
}

/** Keep-alive connections, one request at a time each. The client is bare sockets, so that it is never what is measured. */
async function requestsPerSecond(port: number, text: string): Promise<number> {
  let answers = 0;
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
  for (const socket of sockets) {
    let missing = 0;
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      if (missing === 0) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
        missing = Number(/content-length: (\d+)/i.exec(head)![1]) - (head.length - end - 4);
        head = '';
      } else missing -= chunk.length;
      if (missing > 0) return;
      answers += 1;
      socket.write(text);
    });
    socket.write(text);
  }
  return timed(sockets, () => answers);
}

/** Messages of 200 bytes from the server, as fast as they come: a cell that prints in a loop. */
async function messagesPerSecond(port: number | string, opening: string): Promise<number> {
  let bytes = 0;
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => open(port)));
  for (const socket of sockets) {
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.write(opening);
  }
  // Two bytes of length follow the two of each frame's head.
  return timed(sockets, () => bytes / 204);
}

async function timed(sockets: Socket[], count: () => number): Promise<number> {
  await pause(100);
  const [from, since] = [count(), performance.now()];
  await pause(RUN_MS);
  const rate = ((count() - from) / (performance.now() - since)) * 1000;
  for (const socket of sockets) socket.destroy();
  await pause(50);
  return rate;
}

async function open(at: number | string): Promise<Socket> {
  const socket = typeof at === 'string' ? connect(at) : connect(at, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

if (import.meta.main) console.table(await benchGateway(console.log));
