import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { Kernel } from '../../../scripts/testing/kernel.ts';
import { startTestServer, type TestServer } from '../../../scripts/testing/server.ts';
import type { ServerEvent } from '../../core/servers/jupyter.ts';
import { makeJupyter } from './jupyter.ts';

const jupyter = makeJupyter();
let server: TestServer;
let kernel: Kernel | undefined;

beforeEach(async () => {
  server = await startTestServer(inject('pythonDir'));
}, 120_000);
afterEach(async () => {
  kernel?.close();
  await jupyter.close();
  await server?.stop();
});

/** The next so many events. */
async function hear(many: number): Promise<ServerEvent[]> {
  const stop = new AbortController();
  const got: ServerEvent[] = [];
  for await (const event of jupyter.events(server.access, stop.signal)) if (got.push(event) === many) stop.abort();
  return got;
}

// Seen to fail with what is kept for nobody taken out of activity.py.
test('what happened while nobody listened is told to who listens next, once', async () => {
  const { kernelId, sessionId } = await jupyter.openSession(server.access, 'unheard.ipynb');
  kernel = await Kernel.connect(server.access, kernelId, sessionId);
  for (let run = 0; run < 3; run += 1) await kernel.run('print("alone")');
  const unheard = await hear(2);
  expect(unheard.map(({ kind }) => kind)).toEqual(['input', 'executed']);
  expect(unheard.at(-1)).toMatchObject({ path: 'unheard.ipynb' });
  const next = hear(1);
  await kernel.run('1');
  expect((await next).map(({ kind }) => kind)).toEqual(['executed']);
}, 60_000);

// Seen to fail with each told of when it begins and when it ends.
test('an execution is told of once it lasts, and ends that come together are told as one', async () => {
  const { kernelId, sessionId } = await jupyter.openSession(server.access, 'short.ipynb');
  kernel = await Kernel.connect(server.access, kernelId, sessionId);
  await kernel.run('1');
  expect((await hear(2)).map(({ kind }) => kind)).toEqual(['input', 'executed']);
  const next = hear(3);
  for (let run = 0; run < 3; run += 1) kernel.send('1');
  await kernel.run('1');
  await kernel.run('import time; time.sleep(2)');
  expect((await next).map(({ kind }) => kind)).toEqual(['executed', 'busy', 'executed']);
}, 60_000);
