import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Target } from '../core/auth/access.ts';
import { makeTargets, type Targets } from './target.ts';

let folder: string;
let server: Server;
let targets: Targets;
let now = 0;
let proofs = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lg-'));
  server = createServer((_, response) => response.end('here')).listen(join(folder, 's'));
  await once(server, 'listening');
  [now, proofs] = [0, 0];
  targets = makeTargets({ jupyter: { prove: async () => (proofs++, 'proven') }, keys: [{ server: new Uint8Array(32) }], now: () => now });
});
afterEach(async () => {
  await targets.close();
  server.close();
  rmSync(folder, { recursive: true });
});

/** As the cached row gives it each time, until the row is read anew. */
const row = (): Target => ({ ref: { id: 'v', generation: 1 }, address: { kind: 'unix', path: join(folder, 's') } }) as unknown as Target;
async function ask(target: Target) {
  const { pool } = await targets.reach(target);
  const { body } = await pool.request({ path: '/', method: 'GET' });
  return { pool, said: await body.text() };
}

// Seen to fail with a proof asked for at each request.
test('a server that proved itself is reached at once, by a row that was read anew, too', async () => {
  const target = row();
  const { pool } = await ask(target);
  expect(targets.reach(target)).toMatchObject({ pool });
  expect(targets.reach(row())).toMatchObject({ pool });
  expect(proofs).toBe(1);
});

// Seen to fail without `isOver`: who came back was sent to connections that had been ended.
test('a server nobody spoke to for a while is connected to, and asked for its proof, anew', async () => {
  const [before, readAnew] = [row(), row()];
  const [first] = [await ask(before), await ask(readAnew)];
  now += 60_000;
  targets.sweep(60_000);
  const again = await ask(before);
  expect(again.said).toBe('here');
  expect(again.pool).not.toBe(first.pool);
  expect((await ask(readAnew)).pool).toBe(again.pool);
  expect(proofs).toBe(2);
});

// Seen to fail with the time of the first request alone noted.
test('a server that is spoken to keeps its connections', async () => {
  const target = row();
  const { pool } = await ask(target);
  now += 60_000;
  await ask(target);
  targets.sweep(60_000);
  expect((await ask(target)).pool).toBe(pool);
});
