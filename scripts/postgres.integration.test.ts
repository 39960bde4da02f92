import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres, type Start } from './postgres.ts';
import { seededRandom } from './testing/random.ts';
import { holdInRecovery, letRecover } from './testing/recovery.ts';
import { freePort } from './up/ports.ts';

let folder: string;
const running: EmbeddedPostgres[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lectern-postgres-'));
  await (await start()).stop();
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(folder, { recursive: true });
});

const data = () => join(folder, 'data');
async function start(options: Start = {}): Promise<EmbeddedPostgres> {
  const started = await startEmbeddedPostgres(folder, { settings: ['fsync=off'], ...options });
  running.push(started);
  return started;
}

/** What is left of a server: each of its processes works in the folder of its data. */
const processes = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === data();
    } catch {
      return false;
    }
  });

async function query(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query('SELECT 1 AS one')).rows;
  } finally {
    await client.end();
  }
}
const answers = [{ one: 1 }];

/** What is said to whoever connects: none when they are let in. */
const refusalAt = (port: number) => query(`postgresql://postgres:${readFileSync(join(folder, 'password'), 'utf8')}@127.0.0.1:${port}/postgres`).then(() => undefined, ({ code }: { code?: string }) => code);

// Seen to fail with the process left alone.
test('a start that is given up at whatever moment leaves no process, and the next one succeeds', async () => {
  const random = seededRandom();
  for (let givenUp = 0; givenUp < 6; ) {
    const giveUp = new AbortController();
    const started = start({ signal: giveUp.signal, onSpawn: () => setTimeout(() => giveUp.abort(), random() * 100) });
    // Where it was ready before, it is there.
    await started.then((server) => server.stop(), () => givenUp++);
    expect(processes()).toEqual([]);
  }
  expect(await query((await start()).url('postgres'))).toEqual(answers);
});

// Seen to fail without the question before the process is made.
test('a start that was given up before it began makes no process', async () => {
  const spawned: number[] = [];
  await expect(start({ signal: AbortSignal.abort(), onSpawn: (pid) => spawned.push(pid) })).rejects.toThrow();
  expect(spawned).toEqual([]);
});

// Seen to fail with the answer that it is not ready yet taken for silence.
test('recovery after a crash may take longer than silence is borne', async () => {
  holdInRecovery(data());
  const port = await freePort();
  let pid = 0;
  const patienceMs = { silent: 1_500, recovering: 120_000 };
  const starting = start({ port, patienceMs, onSpawn: (spawned) => (pid = spawned) });
  const given = vi.fn();
  starting.catch(given);
  await vi.waitFor(async () => expect(await refusalAt(port)).toBe('57P03'), 20_000);
  const heard = performance.now();
  await vi.waitFor(() => expect(performance.now() - heard).toBeGreaterThan(2 * patienceMs.silent), 20_000);
  expect(given).not.toHaveBeenCalled();
  letRecover(data(), { pid });
  expect(await query((await starting).url('postgres'))).toEqual(answers);
});

// Seen to fail without that bound.
test('a recovery without an end is given up, and leaves no process', async () => {
  holdInRecovery(data());
  await expect(start({ patienceMs: { silent: 60_000, recovering: 1_000 } })).rejects.toThrow('did not start');
  expect(processes()).toEqual([]);
  rmSync(join(data(), 'standby.signal'));
  expect(await query((await start()).url('postgres'))).toEqual(answers);
});

// Seen to fail with whoever answers on the port taken for ours: the second one was said to run.
test('a second server of the same data is not taken to have started because the first one answers', async () => {
  const port = await freePort();
  const first = await start({ port });
  await expect(start({ port })).rejects.toThrow('did not start');
  expect(await query(first.url('postgres'))).toEqual(answers);
});

// Seen to fail with its end waited for from the stop on.
test('a server that has died can be stopped, and says that it has ended', async () => {
  let pid = 0;
  const server = await start({ onSpawn: (spawned) => (pid = spawned) });
  process.kill(pid, 'SIGQUIT');
  await server.ended;
  await server.stop();
  expect(processes()).toEqual([]);
});
