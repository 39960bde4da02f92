import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Kernel } from '../../../scripts/testing/kernel.ts';
import { startTestServer, type TestServer } from '../../../scripts/testing/server.ts';
import { makeJupyter, type JupyterClient } from './jupyter.ts';

let server: TestServer;
let jupyter: JupyterClient;

beforeAll(async () => {
  jupyter = makeJupyter();
  server = await startTestServer(inject('pythonDir'));
});

afterAll(async () => {
  await jupyter.close();
  await server.stop();
});

test('a ready server proves who it is, and runs code', async () => {
  expect(await jupyter.prove(server.access)).toBe('proven');
  const { kernelId, sessionId } = await jupyter.openSession(server.access, 'first.ipynb');
  const kernel = await Kernel.connect(server.access, kernelId, sessionId);
  expect(await kernel.run('print(1)')).toBe('1\n');
  kernel.close();
});
