import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ServerId } from '../../core/ids.ts';
import { makeJupyter } from './jupyter.ts';

const big = new Uint8Array(1 << 20);

async function* pieces() {
  for (let at = 0; at < big.length; at += 1 << 14) {
    await new Promise((resolve) => setImmediate(resolve));
    yield big.subarray(at, at + (1 << 14));
  }
}

async function* endless() {
  for (let n = 0; n < 200; n += 1) yield { path: `${n}.bin`, size: big.length, bytes: pieces() };
}

// Seen to fail without the two listeners in `packed`: an uncaught EPIPE, which ends a program.
test('a server that dies while files are put back fails the request, and not the program', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-agents-'));
  const path = join(folder, 's');
  const server = createServer((socket) => {
    let read = 0;
    // Some rounds in, so that it dies while the next piece is being written.
    socket.on('error', () => undefined).on('data', (chunk) => {
      read += chunk.length;
      if (read > 4 << 20) socket.destroy();
    });
  }).listen(path);
  await once(server, 'listening');
  const jupyter = makeJupyter();
  try {
    const access = { ref: { id: 'a' as ServerId, generation: 1 }, address: { kind: 'unix', path } as const, secrets: { token: 't', identityKey: 'k' } };
    for (let round = 0; round < 20; round += 1) await expect(jupyter.putBack(access, endless())).rejects.toThrow('jupyter: put back files');
  } finally {
    await jupyter.close();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true, force: true });
  }
});
