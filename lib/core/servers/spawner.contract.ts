import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ServerRef } from './server.ts';
import { anyProfile, anySecrets, anyServer } from './server.fixture.ts';
import type { Sighting, Spawner } from './spawner.ts';

/** What an adapter's test file gives: one place where servers live, and what only it can do to it. */
export type SpawnerPlace = {
  /** A spawner over the place, as a program that has just started has one; several may be open at once. */
  open(): Promise<Spawner>;
  /** Kills the server behind every spawner's back. */
  crash(server: ServerRef): Promise<void>;
  /** Everything of the place is removed. */
  end(): Promise<void>;
};

const PATIENCE_MS = 200_000;

/** Asks until the spawner sees what is wanted; fails with what it saw instead. */
export async function seen<S extends Sighting['state']>(spawner: Spawner, server: ServerRef, wanted: S): Promise<Extract<Sighting, { state: S }>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const sighting = await spawner.look(server);
    if (sighting.state === wanted) return sighting as Extract<Sighting, { state: S }>;
    if (Date.now() > deadline || (sighting.state === 'ended' && wanted !== 'absent')) throw new Error(`seen ${JSON.stringify(sighting)}, wanted ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The promises every Spawner keeps. Each adapter's test file calls this with a real place. */
export function spawnerContract(name: string, makePlace: () => Promise<SpawnerPlace>) {
  describe(`${name} keeps the Spawner contract`, () => {
    let place: SpawnerPlace;
    let spawner: Spawner;
    beforeEach(async () => {
      place = await makePlace();
      spawner = await place.open();
    });
    afterEach(() => place.end());

    const start = (server: ServerRef, by = spawner) => by.start(server, anyProfile, anySecrets());
    /** Which one it is; known from its first moment, long before it is ready. */
    const instanceOf = async (server: ServerRef, by = spawner) => {
      const sighting = await by.look(server);
      if (sighting.state !== 'pending' && sighting.state !== 'ready') throw new Error(`seen ${JSON.stringify(sighting)}, wanted a server that starts or runs`);
      return sighting.instance;
    };
    const names = async (by = spawner) => (await by.list()).map(({ id, generation }) => ({ id, generation }));

    test('what was never started is absent, and stopping it is fine', async () => {
      const server = anyServer();
      expect(await spawner.look(server)).toEqual({ state: 'absent' });
      await spawner.stop(server);
      await spawner.stop(server, 'some instance');
      expect(await spawner.list()).toEqual([]);
    });

    test('a started server becomes ready, is listed, and is gone once it was stopped', async () => {
      const server = anyServer();
      await start(server);
      const ready = await seen(spawner, server, 'ready');
      expect(await spawner.list()).toMatchObject([{ ...server, claimed: false, sighting: { state: 'ready', instance: ready.instance, address: ready.address } }]);
      await spawner.stop(server);
      expect(await spawner.look(server)).toEqual({ state: 'absent' });
      expect(await spawner.list()).toEqual([]);
    });

    test('starting again changes nothing', async () => {
      const server = anyServer();
      await start(server);
      const instance = await instanceOf(server);
      await start(server);
      expect(await instanceOf(server)).toBe(instance);
      expect(await names()).toEqual([server]);
    });

    test('starts at once, from two programs, leave one server', async () => {
      const server = anyServer();
      const other = await place.open();
      await Promise.all([start(server), start(server), start(server, other), start(server, other)]);
      expect(await instanceOf(server, other)).toBe(await instanceOf(server));
      expect(await names()).toEqual([server]);
    });

    test('another generation of the same id is another server', async () => {
      const first = anyServer();
      const second = { ...first, generation: 2 };
      await Promise.all([start(first), start(second)]);
      const [one, two] = [await instanceOf(first), await instanceOf(second)];
      expect(one).not.toBe(two);
      await spawner.stop(first);
      expect(await names()).toEqual([second]);
      expect(await instanceOf(second)).toBe(two);
    });

    test('a stop during the start leaves nothing, and the server can be started again', async () => {
      const server = anyServer();
      const starting = start(server);
      await spawner.stop(server);
      await starting;
      await spawner.stop(server);
      expect(await spawner.look(server)).toEqual({ state: 'absent' });
      expect(await spawner.list()).toEqual([]);
      await start(server);
      await instanceOf(server);
    });

    test('a stop that names another instance leaves this one alone', async () => {
      const server = anyServer();
      await start(server);
      const instance = await instanceOf(server);
      await spawner.stop(server, 'an earlier one');
      expect(await instanceOf(server)).toBe(instance);
      await spawner.stop(server, instance);
      expect(await spawner.look(server)).toEqual({ state: 'absent' });
    });

    test('a remade server is another instance', async () => {
      const server = anyServer();
      await start(server);
      const instance = await instanceOf(server);
      await spawner.stop(server);
      await start(server);
      expect(await instanceOf(server)).not.toBe(instance);
    });

    test('a mark is one-way, and every later program sees it', async () => {
      const server = anyServer();
      await start(server);
      await spawner.mark(server);
      await spawner.mark(server);
      expect(await spawner.list()).toMatchObject([{ ...server, claimed: true }]);
      expect(await (await place.open()).list()).toMatchObject([{ ...server, claimed: true }]);
    });

    test('what is not there cannot be marked', async () => {
      await expect(spawner.mark(anyServer())).rejects.toThrow();
    });

    test('a program that starts later adopts what runs', async () => {
      const server = anyServer();
      await start(server);
      const { instance, address } = await seen(spawner, server, 'ready');
      const later = await place.open();
      expect(await later.list()).toMatchObject([{ ...server, sighting: { state: 'ready', instance, address } }]);
      await start(server, later);
      expect(await seen(later, server, 'ready')).toMatchObject({ instance });
      await later.stop(server);
      expect(await spawner.look(server)).toEqual({ state: 'absent' });
    });

    test('a server that died is seen as ended with a cause, its remains are listed, and a stop removes them', async () => {
      const server = anyServer();
      await start(server);
      const { instance } = await seen(spawner, server, 'ready');
      await place.crash(server);
      await expect.poll(() => spawner.look(server), { timeout: PATIENCE_MS }).toMatchObject({ state: 'ended', reason: 'crashed', instance });
      expect(await spawner.list()).toMatchObject([{ ...server, sighting: { state: 'ended' } }]);
      await start(server);
      expect(await spawner.look(server)).toMatchObject({ state: 'ended', instance });
      await spawner.stop(server, instance);
      expect(await spawner.list()).toEqual([]);
    });

    test('changes are told until nobody listens any more', async () => {
      const server = anyServer();
      const told: ServerRef[] = [];
      const leave = spawner.onChange((changed) => told.push({ id: changed.id, generation: changed.generation }));
      await start(server);
      await seen(spawner, server, 'ready');
      await expect.poll(() => told, { timeout: PATIENCE_MS }).toContainEqual(server);
      leave();
      const before = told.length;
      await spawner.stop(server);
      expect(told).toHaveLength(before);
    });
  });
}
