import { connect } from 'node:net';
import { encode } from 'next-auth/jwt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cookieNames } from '../core/auth/cookies.ts';
import { LEFT_MS } from './site.ts';
import { network, person } from './turns.ts';
import { ask, makeWorld, SITE, type Reply, type World } from './world.fixture.ts';

const SERVED = person.each + person.waiting;
const SITE_HOST = new URL(SITE).host;
let world: World;
/** Lets the site answer what it has of `/held`, and whatever comes there from then on. */
let release: () => void;

beforeAll(async () => void (world = await makeWorld()));
afterAll(() => world?.close());
beforeEach(() => {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  release = resolve;
  world.site.seen.length = 0;
  world.site.respond = (request, response) => void (request.url === '/held' ? released : Promise.resolve()).then(() => response.end('ok'));
});

const seal = async (sub: string, secret = world.secrets.keys[0]!.nextAuth) => `${cookieNames.sessionToken}=${await encode({ token: { sub, sid: 's' }, secret })}`;
const held = () => world.site.seen.filter(({ url }) => url === '/held').length;
const flood = (cookies: (string | undefined)[]) => cookies.map((cookie) => ask(world.port, SITE_HOST, '/held', { headers: { cookie } }));
const refused = (replies: Reply[]) => replies.filter(({ status }) => status === 429);

/** All four hundred are here: whoever has no turn and may not wait was answered. */
async function untilRefused(flooding: Promise<Reply>[], most: number): Promise<void> {
  let answered = 0;
  for (const one of flooding) void one.then(() => (answered += 1));
  await expect.poll(() => answered).toBe(flooding.length - most);
}

// Seen to fail with `isPaced` always false: four hundred were at the site at once.
test('T50 four hundred pages at once by one person: few are rendered at a time, some wait, and the rest are told when to come again', async () => {
  // Each sign-in of hers counts as her.
  const flooding = flood(await Promise.all(Array.from({ length: 400 }, () => seal('ada'))));
  await untilRefused(flooding, SERVED);
  expect(held()).toBe(person.each);
  // Another person, one who only looks, and what is the same for everybody.
  expect((await ask(world.port, SITE_HOST, '/courses', { headers: { cookie: await seal('bob') } })).status).toBe(200);
  expect((await ask(world.port, SITE_HOST, '/courses')).status).toBe(200);
  expect((await ask(world.port, SITE_HOST, '/_next/static/x.js', { headers: { cookie: await seal('ada') } })).status).toBe(200);
  release();
  const replies = await Promise.all(flooding);
  expect(refused(replies)).toHaveLength(400 - SERVED);
  expect(refused(replies)[0]!.headers['retry-after']).toBe('5');
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(SERVED);
  expect((await ask(world.port, SITE_HOST, '/courses', { headers: { cookie: await seal('ada') } })).status).toBe(200);
});

// Seen to fail with the share taken by the cookie instead of by whom it names.
test('T50 cookies that we did not seal are no people: their network shares, and people behind it do not notice', async () => {
  const flooding = flood(await Promise.all(Array.from({ length: 200 }, (_, n) => seal(`x${n}`, `a secret of somebody else, ${n}`))));
  await expect.poll(held).toBe(network.each);
  expect((await ask(world.port, SITE_HOST, '/courses', { headers: { cookie: await seal('bob') } })).status).toBe(200);
  expect(held()).toBe(network.each);
  release();
  expect(refused(await Promise.all(flooding))).toEqual([]);
});

// Seen to fail with the turn given back as soon as the reader is gone.
test('T50 who leaves before the answer keeps the turn for a moment, since the page is being rendered, and no longer', async () => {
  const cookie = await seal('ada');
  const leaving = Array.from({ length: 40 }, () => connect(world.port, '127.0.0.1').on('error', () => undefined));
  for (const socket of leaving) socket.write(`GET /held HTTP/1.1\r\nHost: ${SITE_HOST}\r\nCookie: ${cookie}\r\n\r\n`);
  await expect.poll(held).toBe(person.each);
  const since = performance.now();
  for (const socket of leaving) socket.destroy();
  const again = ask(world.port, SITE_HOST, '/held', { headers: { cookie } });
  await expect.poll(held, { timeout: 10_000 }).toBe(person.each + 1);
  expect(performance.now() - since).toBeGreaterThan(LEFT_MS);
  release();
  expect((await again).status).toBe(200);
});
