import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { makeJupyter, testProfile } from '../../scripts/testing/controller-hub.ts';
import { Kernel } from '../../scripts/testing/kernel.ts';
import { makeTestSpawner } from '../../scripts/testing/server.ts';
import type { Access } from '../core/servers/jupyter.ts';
import { makeServers } from '../core/servers/open.ts';
import { serverSecrets } from '../core/servers/secrets.ts';
import type { RunningServer } from '../core/servers/server.ts';
import { makeWorld, type World } from './world.fixture.ts';

let world: World;
let spawner: Awaited<ReturnType<typeof makeTestSpawner>>;
let jupyter: ReturnType<typeof makeJupyter>;
const kernels: Kernel[] = [];
const slow = { timeout: 120_000, interval: 50 };
/** Each test waits for several real servers, one after the other, on a machine that may be busy. */
const longest = 400_000;

beforeEach(async () => {
  world = await makeWorld();
  jupyter = makeJupyter();
  spawner = await makeTestSpawner(inject('pythonDir'));
});
afterEach(async () => {
  for (const kernel of kernels.splice(0)) kernel.close();
  await world.end();
  await jupyter.close();
  await spawner.end();
});

const start = (keys?: Uint8Array[]) => world.start({ keys, real: { spawner, jupyter }, leaseMs: 10_000, profile: { poolFloor: 1 }, limits: { warningMs: 120_000 } });
const servers = () => makeServers({ store: world.store, bus: world.bus, profiles: [testProfile], serversPerUser: 2, idleWarningMs: 120_000, onePersonUnsandboxed: false, markWaitMs: 20_000 });
const warm = () => vi.waitFor(async () => expect((await world.store.live()).map(({ state }) => state)).toContain('warm'), slow);
const accessTo = ({ ref, address }: RunningServer): Access => ({ ref, address, secrets: serverSecrets(new Uint8Array(32), ref) });

async function openKernel(access: Access): Promise<Kernel> {
  const { kernelId, sessionId } = await jupyter.openSession(access, 'lesson.ipynb');
  const kernel = await Kernel.connect(access, kernelId, sessionId);
  kernels.push(kernel);
  return kernel;
}

test('F7 F14 a real server is claimed warm, followed, outlives its controller, and its death is told with the cause', async () => {
  const controller = start();
  await warm();
  const { id, user } = await world.workspace();
  expect(await servers().open(id, user)).toMatchObject({ ok: true, value: { state: 'ready' } });
  const server = await world.until(id, 'running');
  const kernel = await openKernel(accessTo(server));
  expect(await kernel.run('print(6 * 7)')).toBe('42\n');
  await vi.waitFor(async () => {
    expect(world.snapshots.map(({ workspace }) => workspace)).toContain(id);
    expect((await world.until(id, 'running')).activity.activeAt.getTime()).toBeGreaterThan(server.activity.activeAt.getTime());
  }, slow);

  await controller.stop();
  expect(await kernel.run('x = 1; print("nobody leads")')).toBe('nobody leads\n');
  start();
  await warm();
  expect(await kernel.run('print(x)'), 'the same kernel under the next controller').toBe('1\n');

  await spawner.stop(server.ref, server.instance);
  expect(['lost', 'crashed']).toContain((await world.until(id, 'failed')).reason);
  await warm();
  expect(await servers().open(id, user)).toMatchObject({ ok: true, value: { state: 'ready' } });
  expect((await world.until(id, 'running')).ref).not.toEqual(server.ref);

  await servers().stop(id);
  await world.until(id, 'stopped');
  await vi.waitFor(async () => expect((await spawner.list()).filter(({ claimed }) => claimed)).toEqual([]), slow);
}, longest);

// Seen to fail with the newest key alone asked for: the server says that it is another, and what runs in it is no activity.
test('T37 a server of before the root secret was changed is followed and kept by the next controller', async () => {
  const controller = start();
  await warm();
  const { id, user } = await world.workspace();
  await servers().open(id, user);
  const server = await world.until(id, 'running');
  const kernel = await openKernel(accessTo(server));
  await controller.stop();

  start([new Uint8Array(32).fill(1), new Uint8Array(32)]);
  world.snapshots.length = 0;
  await vi.waitFor(async () => {
    expect(await kernel.run('print(6 * 7)')).toBe('42\n');
    expect(world.snapshots.map(({ workspace }) => workspace)).toContain(id);
  }, slow);
  expect((await world.until(id, 'running')).ref).toEqual(server.ref);
  expect((await world.until(id, 'running')).activity.activeAt.getTime()).toBeGreaterThan(server.activity.activeAt.getTime());
}, longest);

test('what is typed and shown in a terminal is activity', async () => {
  start();
  await warm();
  const { id, user } = await world.workspace();
  await servers().open(id, user);
  const access = accessTo(await world.until(id, 'running'));
  const before = await jupyter.status(access);
  const terminal = await openTerminal(access);
  terminal.socket.send(JSON.stringify(['stdin', 'echo $((6 * 7))\r']));
  await vi.waitFor(() => expect(terminal.shown()).toContain('42'), slow);
  const after = await jupyter.status(access);
  expect(after.terminals).toBe(1);
  expect(after.lastBusyMs).toBeGreaterThan(before.nowMs);
  terminal.socket.close();
}, longest);

/** A terminal as JupyterLab opens one. */
async function openTerminal({ address, secrets }: Access) {
  if (address.kind !== 'unix') throw new Error('servers of this machine listen on sockets');
  const headers = { authorization: `token ${secrets.token}` };
  const asked = request({ socketPath: address.path, path: '/api/terminals', method: 'POST', headers });
  asked.end();
  const [reply] = (await once(asked, 'response')) as [IncomingMessage];
  const { name } = JSON.parse(await text(reply)) as { name: string };
  const socket = new WebSocket(`ws+unix://${address.path}:/terminals/websocket/${name}`, { headers });
  let shown = '';
  socket.on('message', (message: Buffer) => (shown += message.toString()));
  await once(socket, 'open');
  return { socket, shown: () => shown };
}
