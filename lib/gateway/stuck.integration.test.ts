import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ask, makeWorld, type Person, type World } from './world.fixture.ts';

let world: World;
let ada: Person;
const sockets: Socket[] = [];
const long = { answerMs: 600_000 };
const endless = { graceMs: 600_000, bytesPerS: 4_096 };

async function start(writes: { answerMs: number }, leastRate = endless) {
  world = await makeWorld({ writes, leastRate });
  ada = await world.addPerson();
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await world?.close();
});

const put = async (person: Person, path: string, bytes = 0) =>
  (await ask(world.port, person.host, `/api/contents/${path}`, { method: 'PUT', headers: { cookie: await world.cookieOf(person), origin: person.origin, 'content-type': 'application/json' }, body: '{"type":"file"}'.padEnd(bytes) })).status;

/** Somebody whose server writes what it is sent. */
async function addBob(): Promise<Person> {
  const bob = await world.addPerson();
  const bytes = 'what lies on the disk';
  bob.upstream.respond = ({ method }, response) => {
    response.setHeader('x-lectern-sha256', createHash('sha256').update(bytes).digest('hex'));
    response.end(method === 'PUT' ? '{"type":"file"}' : bytes);
  };
  return bob;
}

/** Promises so many bytes and sends a few. */
async function promise(path: string, bytes: number): Promise<Socket> {
  const socket = connect(world.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  const heard = once(world.gateway.server, 'request');
  socket.write([`PUT /api/contents/${path} HTTP/1.1`, `Host: ${ada.host}`, `Origin: ${ada.origin}`, `Cookie: ${await world.cookieOf(ada)}`, `Content-Length: ${bytes}`, '', '{"type"'].join('\r\n'));
  await heard;
  return socket;
}

// Seen to fail with no share for each workspace.
test('a server that answers no save keeps nobody else from saving', async () => {
  await start(long);
  const bob = await addBob();
  ada.upstream.respond = () => undefined;
  const silent = Array.from({ length: 6 }, (_, n) => put(ada, `${n}.txt`).catch(() => 0));
  await expect.poll(() => ada.upstream.seen.length, { timeout: 20_000 }).toBeGreaterThan(1);
  expect(await put(bob, 'a.txt')).toBe(200);
  await ada.upstream.close();
  expect(await Promise.all(silent)).not.toContain(200);
}, 60_000);

// Seen to fail with no share for each workspace.
test.each([4 * 1024 * 1024, 5 * 1024 * 1024])('saves that promise %i bytes and send a few keep nobody else from saving', async (bytes) => {
  await start(long);
  const bob = await addBob();
  for (let n = 0; n < 10; n += 1) await promise(`${n}.txt`, bytes);
  expect(await put(bob, 'a.txt', bytes)).toBe(200);
}, 60_000);

// Seen to fail with no least rate, each.
test.each([4 * 1024 * 1024, 5 * 1024 * 1024])('a save of %i bytes that does not come is given up', async (bytes) => {
  await start(long, { graceMs: 200, bytesPerS: 4_096 });
  const socket = await promise('a.txt', bytes);
  await once(socket.resume(), 'close');
}, 60_000);

// Seen to fail with the wait of five minutes that the connection has by itself.
test('a save that the server does not answer is said not to be saved', async () => {
  await start({ ...long, answerMs: 200 });
  ada.upstream.respond = () => undefined;
  expect(await put(ada, 'a.txt')).toBe(503);
}, 60_000);
