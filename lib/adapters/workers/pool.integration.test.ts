import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { makePool, type Pool, type PoolOptions } from './pool.ts';

const file = join(import.meta.dirname, 'pool.fixture.ts');
let pool: Pool;
const start = (options: Partial<PoolOptions> = {}) => (pool = makePool({ file, size: 1, waiting: 4, heapMb: 64, deadlineMs: 60_000, ...options }));
afterEach(() => pool.close());

/** Who works. */
const look = async (person = 'ada') => {
  const ran = await pool.run<number>({ do: 'look' }, { person });
  if (ran.state !== 'done') throw new Error(ran.state);
  return ran.result;
};

async function* body(pieces: number, fails = false) {
  for (let n = 0; n < pieces; n += 1) yield new Uint8Array(1_000);
  if (fails) throw new Error('the sender stopped');
}

test('a job has its bodies whole, however they come; one whose sender stops leaves nothing to the next', async () => {
  start();
  await expect(pool.run({ do: 'measure' }, { person: 'ada', bodies: [body(3, true)] })).rejects.toThrow('the sender stopped');
  expect(await pool.run({ do: 'measure' }, { person: 'ada', bodies: [body(2), body(5)] })).toEqual({ state: 'done', result: [2_000, 5_000] });
});

test('a worker sees nothing of our environment, and takes one job after the other', async () => {
  start();
  const pid = await look();
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').map((line) => line.split('=')[0]);
  expect(names.filter((name) => name && !name.startsWith('NODE_'))).toEqual([]);
  expect(await look()).toBe(pid);
});

// Seen to fail without the deadline: the test waits for its own.
test('T38 work that never ends is ended at its deadline, and others have their turn in another worker', async () => {
  start({ deadlineMs: 2_000 });
  const pid = await look();
  const [stuck, next] = await Promise.all([pool.run({ do: 'stay' }, { person: 'ada' }), look('bob')]);
  expect(stuck).toEqual({ state: 'late' });
  expect(next).not.toBe(pid);
});

// Seen to fail in a thread of this process with `resourceLimits`: of twelve such threads the fourth ended all of the program.
test('T38 work that takes all memory ends its worker and nothing else', async () => {
  start();
  const [died, next] = await Promise.all([pool.run({ do: 'grow' }, { person: 'ada' }), look('bob')]);
  expect(died).toEqual({ state: 'died' });
  expect(next).toBeGreaterThan(0);
});

test('a mistake of ours is thrown, and the worker goes on', async () => {
  start();
  const pid = await look();
  await expect(pool.run({ do: 'fail' }, { person: 'ada' })).rejects.toThrow('a worker failed: TypeError: a mistake of ours');
  expect(await look()).toBe(pid);
});

// Seen to fail with one queue for all: bob's is turned away then.
test('T50 whoever asks four hundred times waits for themselves: the turn of another is near, and what is too many is turned away', async () => {
  start();
  const order: string[] = [];
  const by = (person: string) => pool.run({ do: 'measure' }, { person }).then(({ state }) => (state === 'done' ? order.push(person) : 0, state));
  const states = await Promise.all([...Array.from({ length: 400 }, () => by('ada')), by('bob')]);
  expect(order.slice(0, 3)).toContain('bob');
  expect(states.filter((state) => state === 'full').length).toBe(395);
});

test('a worker without work ends, and so do all when the pool is closed', async () => {
  start({ idleMs: 100 });
  const pid = await look();
  const later = await look();
  // It may have ended already.
  await expect.poll(() => isThere(later), { timeout: 20_000 }).toBe(false);
  expect(isThere(pid)).toBe(false);
  await pool.close();

  start();
  const last = await look();
  const stuck = pool.run({ do: 'stay' }, { person: 'bob' });
  await pool.close();
  expect(isThere(last)).toBe(false);
  expect(await stuck).toEqual({ state: 'died' });
});

const isThere = (pid: number) => existsSync(`/proc/${pid}`);
