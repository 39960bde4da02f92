import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { answerProbes } from './probes.ts';

test('a controller is alive from the start, and ready when it may lead', async () => {
  let ready = false;
  const server = answerProbes(0, '127.0.0.1', () => ready);
  await once(server, 'listening');
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).status;
  expect([await status('/healthz'), await status('/readyz'), await status('/')]).toEqual([200, 503, 404]);
  ready = true;
  expect(await status('/readyz')).toBe(200);
  server.close();
});
