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
  const unheard = await hear(3);
  expect(unheard.map(({ kind }) => kind)).toEqual(['input', 'busy', 'executed']);
  expect(unheard.at(-1)).toMatchObject({ path: 'unheard.ipynb' });
  const next = hear(2);
  await kernel.run('1');
  expect((await next).map(({ kind }) => kind)).toEqual(['busy', 'executed']);
}, 60_000);
