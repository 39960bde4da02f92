import { createServer, type AddressInfo } from 'node:net';
import { Client } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { UpstreamError } from '../../core/errors.ts';
import { anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import { makeAgents } from './agents.ts';

afterEach(() => vi.restoreAllMocks());

// Seen to fail where only what was once connected is let go: a leader that follows servers which do not answer kept one for each try.
test('a connection of its own that was never made is let go', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const destroyed = vi.spyOn(Client.prototype, 'destroy');
  const agents = makeAgents();
  const access = { ref: anyServer(), address: { kind: 'tcp' as const, host: '127.0.0.1', port }, secrets: anySecrets() };
  await expect(agents.ask(access, 'listen to events', 'GET', '/', { alone: true })).rejects.toThrow(UpstreamError);
  expect(destroyed).toHaveBeenCalled();
  destroyed.mockClear();
  await agents.close();
  expect(destroyed).not.toHaveBeenCalled();
});
