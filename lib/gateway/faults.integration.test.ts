import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { UpstreamError } from '../core/errors.ts';
import type { GatewayRows } from '../core/auth/access.ts';
import { makeSite } from './site.ts';
import { ask, dial, makeWorld, SITE, type Person, type World } from './world.fixture.ts';

const SITE_HOST = new URL(SITE).host;
let world: World;
let ada: Person;
let cookie: string;

async function start(options: Parameters<typeof makeWorld>[0] = {}) {
  world = await makeWorld(options);
  ada = await world.addPerson();
  cookie = await world.cookieOf(ada);
}
afterEach(() => world?.close());

const status = async (port = world.port) => (await ask(port, ada.host, '/api/status', { headers: { cookie } })).status;

// There is no table of routes to lose. Seen to fail with a workspace that was not heard of before refused.
test('F9 a gateway that was just started knows every workspace by its cookie', async () => {
  await start();
  expect(await status()).toBe(200);
  const second = world.makeOne();
  const port = await second.listen(0, '127.0.0.1');
  expect(await status(port)).toBe(200);
  expect((await dial(port, ada.host, '/api/events', { cookie })).status).toBe(101);
  await second.drain(200);
});

// Seen to fail with whatever answers taken for proven: the stranger hears the request, token and all.
test('F10 a server that is not the one the row names hears nothing, and its content is not served', async () => {
  await start();
  const mine = { ...ada.upstream.identity };
  ada.upstream.identity = { ...mine, key: 'another’s key' };
  const refused = await ask(world.port, ada.host, '/lab', { headers: { cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } });
  expect(refused.status).toBe(503);
  expect(refused.headers['content-type']).toMatch(/^text\/html/);
  expect(refused.body).toMatch(/cannot be reached just now/);
  expect((await dial(world.port, ada.host, '/api/events', { cookie })).status).toBe(503);
  expect(ada.upstream.seen).toEqual([]);
  ada.upstream.identity = mine;
  expect(await status()).toBe(200);
});

// Two things protect: a proof is good for five seconds, and a closed connection forgets it. With the first alone removed it still passes; seen to fail with both.
test('F10 an address that is given to another server while the gateway runs is asked again before it is used', async () => {
  let now = Date.now();
  await start({ now: () => now });
  expect(await status()).toBe(200);
  expect((await dial(world.port, ada.host, '/api/events', { cookie })).status).toBe(101);
  const heard = ada.upstream.seen.length;
  ada.upstream.identity = { ...ada.upstream.identity, key: 'another’s key' };
  ada.upstream.dropConnections();
  now += 10_000;
  await expect.poll(() => status(), { timeout: 60_000 }).toBe(503);
  expect((await dial(world.port, ada.host, '/api/events', { cookie })).status).toBe(503);
  expect(ada.upstream.seen).toHaveLength(heard);
});

// Seen to fail with nothing held, with the cookie renewed all the same, and with the database asked at each request.
test('F11 while the database is away what was let in goes on, and nobody new is let in', async () => {
  let isAway = false;
  let read = 0;
  await start({
    rows: (rows: GatewayRows): GatewayRows => ({
      access: async (asking) => {
        read += 1;
        if (isAway) throw new UpstreamError('database', 'away');
        return rows.access(asking);
      },
    }),
  });
  const { socket } = await dial(world.port, ada.host, '/api/events', { cookie });
  isAway = true;
  world.gateway.routes.dropAll();
  read = 0;
  for (let i = 0; i < 20; i += 1) expect(await status()).toBe(200);
  expect(read).toBeLessThan(5);
  expect(socket!.readyState).toBe(socket!.OPEN);
  const bob = await world.addPerson();
  const stranger = await ask(world.port, bob.host, '/api/status', { headers: { cookie: await world.cookieOf(bob) } });
  expect(stranger.status).toBe(503);
  // A cookie that would be renewed is good until its end, and then no more.
  const old = await world.cookieOf(ada, new Date(Date.now() - 8 * 60_000));
  const held = await ask(world.port, ada.host, '/api/status', { headers: { cookie: old } });
  expect(held.status).toBe(200);
  expect(held.headers['set-cookie']).toBeUndefined();
  expect((await ask(world.port, ada.host, '/api/status', { headers: { cookie: await world.cookieOf(ada, new Date(Date.now() - 11 * 60_000)) } })).status).toBe(403);
  socket!.terminate();
});

const descriptors = () => readdirSync('/proc/self/fd').length;

const opening = () =>
  [`GET /api/events HTTP/1.1`, `Host: ${ada.host}`, `Origin: ${ada.origin}`, `Cookie: ${cookie}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n');

// The clients are bare sockets that open a WebSocket and never say another word. Seen to fail with silence never cut off, and without
// pings, when the one that would have answered is cut off too.
test('F20 a thousand abandoned WebSockets are closed, and descriptors come back', async () => {
  await start({ patience: { pingMs: 500, deadMs: 8_000 } });
  expect(await status()).toBe(200);
  const before = descriptors();
  const faithful = await dial(world.port, ada.host, '/api/events', { cookie });
  const silent: Promise<unknown>[] = [];
  for (let done = 0; done < 1_000; done += 50) {
    const batch = Array.from({ length: 50 }, async () => {
      const socket = connect(world.port, '127.0.0.1');
      socket.on('error', () => undefined);
      silent.push(once(socket, 'close'));
      await once(socket, 'connect');
      socket.write(opening());
      await once(socket, 'data');
    });
    await Promise.all(batch);
  }
  await Promise.all(silent);
  await expect.poll(() => world.gateway.sockets.size, { timeout: 60_000 }).toBe(1);
  // The one client that answers pings, as browsers do by themselves, is still there.
  expect(faithful.socket!.readyState).toBe(faithful.socket!.OPEN);
  faithful.socket!.terminate();
  await expect.poll(descriptors, { timeout: 60_000 }).toBeLessThanOrEqual(before + 10);
}, 120_000);

// Seen to fail with the bus's reset not heard.
test('F20 a revocation whose event was lost still closes the socket at the next reset of the bus', async () => {
  await start();
  const { socket } = await dial(world.port, ada.host, '/api/events', { cookie });
  const closed = once(socket!, 'close');
  await world.query('DELETE FROM session WHERE id = $1', [ada.sid]);
  // PostgreSQL ends the connection the bus listens on, as a restart would.
  await world.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lectern bus' AND datname = current_database()`);
  expect((await closed)[0]).toBe(1008);
});

// Seen to fail without the goodbye: the socket stays open.
test('F25 a gateway that is told to go ends what is under way, and sends WebSockets to the next', async () => {
  await start();
  const going = world.makeOne();
  const port = await going.listen(0, '127.0.0.1');
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  ada.upstream.respond = (_request, response) => {
    arrived.resolve();
    void released.promise.then(() => response.end('whole'));
  };
  world.site.respond = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  const stream = await listen(port, `GET /api/events HTTP/1.1\r\nHost: ${SITE_HOST}\r\n\r\n`);
  const { socket } = await dial(port, ada.host, '/api/events', { cookie });
  const closed = once(socket!, 'close');
  const slow = ask(port, ada.host, '/api/slow', { headers: { cookie, connection: 'keep-alive' } });
  await arrived.promise;
  const gone = going.drain(30_000);
  expect((await closed)[0]).toBe(1012);
  await stream.closed;
  await expect(ask(port, ada.host, '/api/status', { headers: { cookie } })).rejects.toThrow(/ECONNREFUSED/);
  released.resolve();
  expect(await slow).toMatchObject({ status: 200, body: 'whole' });
  await gone;
  ada.upstream.respond = (_request, response) => response.end('ok');
  expect((await dial(world.port, ada.host, '/api/events', { cookie })).status).toBe(101);
});

// Seen to fail without a limit to the life of a connection: all requests go over the first one.
test('F25 a replica of the web program that is told to go has lost its connections before it ends', async () => {
  await start();
  const going = makeSite({ config: world.config, secrets: world.secrets, log: world.hub.log, connectionMs: 50 });
  const server = createServer((request, response) => going.request(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const used = new Set<unknown>();
  world.site.respond = (request, response) => {
    used.add(request.socket);
    response.end('ok');
  };
  // Never idle, so that nothing but its age ends a connection.
  while (used.size < 3) expect(await ask(port, SITE_HOST, '/')).toMatchObject({ status: 200 });
  server.close();
  await going.close();
});

test('a gateway is ready once the database is of its version, and alive before that', async () => {
  await start();
  let ready = false;
  const young = world.makeOne({ isReady: () => ready });
  const port = await young.listen(0, '127.0.0.1');
  const probe = async (path: string) => (await ask(port, `10.0.0.7:${port}`, path)).status;
  expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 503]);
  ready = true;
  expect([await probe('/healthz'), await probe('/readyz')]).toEqual([200, 200]);
  await young.drain(200);
});

async function listen(port: number, text: string): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  const closed = once(socket, 'close');
  socket.write(text);
  await once(socket, 'data');
  return { socket, closed };
}

test('a site that is away is answered with a page that tries again, and takes no isolation away', async () => {
  await start();
  await world.site.close();
  const answered = await ask(world.port, SITE_HOST, '/courses', { headers: { 'sec-fetch-mode': 'navigate' } });
  expect(answered).toMatchObject({ status: 503, headers: { 'retry-after': '2', 'origin-agent-cluster': '?1' } });
  expect(answered.body).toContain('http-equiv="refresh"');
});

test('a server that went away is answered with a page that tries again, and its next one is found', async () => {
  await start();
  expect(await status()).toBe(200);
  await ada.upstream.close();
  expect(await status()).toBe(503);
  const { ref, upstream } = await world.addServer(ada.wsp, { id: ada.srv, generation: ada.gen });
  await world.hub.bus.publish({ kind: 'server', id: ref.id, workspace: ada.wsp });
  await expect.poll(() => status(), { timeout: 60_000 }).toBe(200);
  expect(upstream.seen.length).toBeGreaterThan(0);
});
