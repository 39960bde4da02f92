import { expect, test, vi } from 'vitest';
import { anyProfile, anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import { spawnerContract } from '../../core/servers/spawner.contract.ts';
import { makeMemoryPlace, makeMemorySpawner } from './spawner.ts';

spawnerContract('the memory spawner', async () => {
  const shared = makeMemoryPlace();
  const open = () => makeMemorySpawner(() => ({ then: 'ready', afterMs: 2 }), shared);
  return {
    open: async () => open(),
    crash: async (server) => open().die(server),
    end: async () => shared.servers.clear(),
  };
});

const start = (spawner: ReturnType<typeof makeMemorySpawner>, server = anyServer()) => spawner.start(server, anyProfile, anySecrets()).then(() => server);

test('a server told to wait is never ready until the test says so', async () => {
  const spawner = makeMemorySpawner(() => ({ then: 'wait', stage: 'kernel' }));
  const server = await start(spawner);
  expect(await spawner.look(server)).toMatchObject({ state: 'pending', stage: 'kernel' });
  spawner.become(server, { state: 'ready' });
  expect(await spawner.look(server)).toMatchObject({ state: 'ready' });
});

test('a start can be refused, at once and only the first time', async () => {
  const spawner = makeMemorySpawner((_, attempt) => (attempt === 1 ? { then: 'refuse' } : { then: 'ready' }));
  const server = anyServer();
  await expect(start(spawner, server)).rejects.toThrow('sandbox');
  expect(await spawner.list()).toEqual([]);
  await start(spawner, server);
  expect(await spawner.look(server)).toMatchObject({ state: 'ready' });
});

test('a server can die before it was ever ready', async () => {
  const spawner = makeMemorySpawner(() => ({ then: 'die', afterMs: 5, reason: 'memory' }));
  const server = await start(spawner);
  await vi.waitFor(async () => expect(await spawner.look(server)).toMatchObject({ state: 'ended', reason: 'memory' }));
});

test('what was meant for a stopped server does not happen to the one made after it', async () => {
  const spawner = makeMemorySpawner((_, attempt) => (attempt === 1 ? { then: 'die', afterMs: 20 } : { then: 'ready', afterMs: 60 }));
  const server = await start(spawner);
  await spawner.stop(server);
  await start(spawner, server);
  await vi.waitFor(async () => expect(await spawner.look(server)).toMatchObject({ state: 'ready', instance: 'memory-2' }));
});
