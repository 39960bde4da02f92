import type pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import { makeTcpProxy } from '../../../scripts/testing/tcp-proxy.ts';
import type { BusEvent } from '../../core/bus.ts';
import type { ServerId, SessionId, UserId } from '../../core/ids.ts';
import { makeBus } from './bus.ts';
import { makeDatabase, makePool, type Database } from './database.ts';

let place: { url: string; drop(): Promise<void> };
let pool: pg.Pool;
let database: Database;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  place = await makeTestDatabase();
  pool = makePool(place.url);
  database = makeDatabase(pool);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await pool.end();
  await place.drop();
});

const signedOut: BusEvent = { kind: 'session-ended', session: 's1' as SessionId, user: 'u1' as UserId };
const patient = { timeout: 60_000, interval: 10 };

function listenOn(url: string, options = {}) {
  const bus = makeBus(database, url, { heartbeatMs: 50, timeoutMs: 400, backOffMs: { first: 10, most: 50 }, ...options });
  ends.push(() => bus.close());
  const seen: BusEvent[] = [];
  const resets: number[] = [];
  bus.subscribe((event) => seen.push(event), () => resets.push(performance.now()));
  return { bus, seen, resets };
}

async function makeProxy() {
  const proxy = await makeTcpProxy(place.url);
  ends.push(() => proxy.close());
  return proxy;
}

test('what one program publishes another hears, and events of moves come with their commit', async () => {
  const { bus, seen, resets } = listenOn(place.url);
  await vi.waitFor(() => expect(resets).toHaveLength(1), patient);
  await bus.publish(signedOut);
  await vi.waitFor(() => expect(seen).toEqual([signedOut]), patient);
  await database.transaction(async (query) => {
    await query(`SELECT pg_notify('lectern', $1)`, [JSON.stringify({ kind: 'server', id: 'x' as ServerId })]);
    expect(seen).toHaveLength(1);
  });
  await vi.waitFor(() => expect(seen).toHaveLength(2), patient);
});

// Seen to fail with the heartbeat's death sentence taken out: the reset never came, and the event after it was lost.
test('F20 a connection that is silently dead is noticed, caches are dropped, and the next revocation is heard', async () => {
  const proxy = await makeProxy();
  const { bus, seen, resets } = listenOn(proxy.url);
  await vi.waitFor(() => expect(resets).toHaveLength(1), patient);
  proxy.silence(true);
  await bus.publish(signedOut);
  await vi.waitFor(() => expect(resets.length).toBeGreaterThanOrEqual(2), patient);
  expect(seen, 'the event was lost on the dead connection').toEqual([]);
  const before = resets.length;
  proxy.silence(false);
  proxy.cut();
  await vi.waitFor(() => expect(resets.length).toBeGreaterThan(before), patient);
  await bus.publish(signedOut);
  await vi.waitFor(() => expect(seen).toEqual([signedOut]), patient);
});

test('a connection that is cut comes back by itself, with a reset before its first event', async () => {
  const proxy = await makeProxy();
  const { bus, seen, resets } = listenOn(proxy.url);
  await vi.waitFor(() => expect(resets).toHaveLength(1), patient);
  proxy.cut();
  await vi.waitFor(() => expect(resets.length).toBeGreaterThanOrEqual(3), patient);
  await bus.publish(signedOut);
  await vi.waitFor(() => expect(seen).toEqual([signedOut]), patient);
});

// Seen to fail with `hears` left true when a connection ends.
test('the bus says whether it hears: not before it listens, not while its connection is dead or gone, and again after', async () => {
  const proxy = await makeProxy();
  const { bus } = listenOn(proxy.url);
  expect(bus.isListening()).toBe(false);
  await vi.waitFor(() => expect(bus.isListening()).toBe(true), patient);
  proxy.silence(true);
  await vi.waitFor(() => expect(bus.isListening()).toBe(false), patient);
  proxy.silence(false);
  proxy.cut();
  await vi.waitFor(() => expect(bus.isListening()).toBe(true), patient);
  proxy.cut(true);
  await vi.waitFor(() => expect(bus.isListening()).toBe(false), patient);
  proxy.cut(false);
  await vi.waitFor(() => expect(bus.isListening()).toBe(true), patient);
  await bus.close();
  expect(bus.isListening()).toBe(false);
});

test('what is not ours on the channel is passed over, and a listener that throws harms no other', async () => {
  const errors: Error[] = [];
  const { bus, seen, resets } = listenOn(place.url, { onError: (error: Error) => errors.push(error) });
  bus.subscribe(() => {
    throw new Error('mine');
  }, () => {});
  await vi.waitFor(() => expect(resets).toHaveLength(1), patient);
  await database.query(`SELECT pg_notify('lectern', 'not json')`);
  await bus.publish(signedOut);
  await vi.waitFor(() => expect(seen).toEqual([signedOut]), patient);
  await vi.waitFor(() => expect(errors.map(({ message }) => message)).toEqual(['mine']), patient);
});

test('closing leaves no connection behind', async () => {
  const { bus, resets } = listenOn(place.url);
  await vi.waitFor(() => expect(resets).toHaveLength(1), patient);
  await bus.close();
  const open = () => database.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'lectern bus' AND datname = current_database()`);
  await vi.waitFor(async () => expect(await open()).toEqual([]), patient);
});
