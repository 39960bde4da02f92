import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import type { Sha256 } from '../../core/ids.ts';
import { PastLimit } from '../../core/workspaces/blobs.ts';
import type { BlobStore } from '../../core/workspaces/blobs.ts';
import { makeBlobStore } from './blobs.ts';
import { makeDatabase, makePool, type Database } from './database.ts';

let drop: () => Promise<void>;
let pool: ReturnType<typeof makePool>;
let db: Database;
let blobs: BlobStore;

beforeAll(async () => {
  const made = await makeTestDatabase();
  drop = made.drop;
  pool = makePool(made.url);
  db = makeDatabase(pool);
  blobs = makeBlobStore(db);
});
afterAll(async () => {
  await pool.end();
  await drop();
});

const MiB = 1024 * 1024;
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex') as Sha256;
async function* pieces(bytes: Uint8Array, length: number) {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}
async function read(sha256: Sha256) {
  const found = await blobs.get(sha256);
  const parts: Uint8Array[] = [];
  for await (const part of found!.bytes) parts.push(part);
  return { size: found!.size, bytes: Buffer.concat(parts) };
}
const count = async (sha256: Sha256) => (await db.query<{ n: number }>('SELECT count(*)::int AS n FROM blob_chunk WHERE sha256 = $1', [Buffer.from(sha256, 'hex')]))[0]!.n;

test.each([0, 1, 1000, MiB - 1, MiB, MiB + 1, 3 * MiB, 3 * MiB + 17])('%i bytes come back as they went in, whole or in pieces', async (size) => {
  const bytes = randomBytes(size);
  expect(await blobs.put(bytes, Infinity)).toMatchObject({ sha256: sha(bytes), size });
  expect(await blobs.put(pieces(bytes, 65_537), Infinity)).toMatchObject({ sha256: sha(bytes), size });
  const back = await read(sha(bytes));
  expect(back.size).toBe(size);
  expect(back.bytes.equals(bytes)).toBe(true);
  expect(await count(sha(bytes))).toBe(Math.ceil(size / MiB));
});

test('bytes that compress are kept compressed, others as they are', async () => {
  const text = Buffer.from('print("again")\n'.repeat(40_000));
  await blobs.put(text, Infinity);
  const [kept] = await db.query<{ encoding: string; n: number }>('SELECT encoding, length(bytes)::int AS n FROM blob_chunk WHERE sha256 = $1', [Buffer.from(sha(text), 'hex')]);
  expect(kept!.encoding).toBe('zstd');
  expect(kept!.n).toBeLessThan(text.length / 50);
  expect((await read(sha(text))).bytes.equals(text)).toBe(true);
});

test('the same bytes put by many at once are kept once, and all of them may rely on it', async () => {
  for (const size of [500, 2 * MiB + 5]) {
    const bytes = randomBytes(size);
    const answers = await Promise.all(Array.from({ length: 8 }, () => blobs.put(pieces(bytes, 100_000), Infinity)));
    expect(new Set(answers.map(({ sha256 }) => sha256))).toEqual(new Set([sha(bytes)]));
    expect((await read(sha(bytes))).bytes.equals(bytes)).toBe(true);
  }
});

// Seen to fail with the sender's error taken for the end of the body.
test('T22 a body cut short leaves nothing', async () => {
  const bytes = randomBytes(2 * MiB);
  async function* cut() {
    yield bytes;
    throw new Error('the sender went away');
  }
  const before = await db.query('SELECT 1 FROM blob');
  await expect(blobs.put(cut(), Infinity)).rejects.toThrow('went away');
  expect(await db.query('SELECT 1 FROM blob')).toHaveLength(before.length);
  expect(await blobs.get(sha(bytes))).toBeUndefined();
});

test('a blob whose writer dies half-way is not seen by anybody, then or later', async () => {
  const bytes = randomBytes(6 * MiB);
  // Ends the writer's connection, as a kill of its process would, once it has written some chunks.
  const ended = (async () => {
    for (;;) {
      const [writer] = await db.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'INSERT INTO blob_chunk%' AND xact_start IS NOT NULL AND state <> 'idle'");
      if (writer) return db.query('SELECT pg_terminate_backend($1)', [writer.pid]);
      expect(await blobs.get(sha(bytes))).toBeUndefined();
    }
  })();
  await expect(blobs.put(bytes, Infinity)).rejects.toThrow();
  await ended;
  expect(await blobs.get(sha(bytes))).toBeUndefined();
  await blobs.put(bytes, Infinity);
  expect((await read(sha(bytes))).bytes.equals(bytes)).toBe(true);
});

test('a large blob is never held whole in memory', async () => {
  const piece = randomBytes(256 * 1024);
  async function* large() {
    for (let n = 0; n < 400; n += 1) {
      piece.writeUInt32LE(n);
      yield piece;
    }
  }
  let most = 0;
  const sample = () => (most = Math.max(most, process.memoryUsage().arrayBuffers));
  const before = process.memoryUsage().arrayBuffers;
  const watch = setInterval(sample, 5);
  try {
    const { sha256, size } = await blobs.put(large(), Infinity);
    expect(size).toBe(100 * MiB);
    let read = 0;
    for await (const part of (await blobs.get(sha256))!.bytes) {
      read += part.length;
      sample();
    }
    expect(read).toBe(size);
  } finally {
    clearInterval(watch);
  }
  expect(most - before).toBeLessThan(70 * MiB);
});

// Seen to fail with the mark not compared, and with what names the bytes not looked at.
test.each([500, 2 * MiB + 5])('T47 a put of %i bytes is taken back unless somebody put the same since, had them before, or names them', async (size) => {
  const alone = await blobs.put(randomBytes(size), Infinity);
  await blobs.unput(alone);
  expect(await blobs.get(alone.sha256)).toBeUndefined();
  expect(await count(alone.sha256)).toBe(0);
  const bytes = randomBytes(size);
  const [first, second] = [await blobs.put(bytes, Infinity), await blobs.put(bytes, Infinity)];
  await blobs.unput(first);
  await blobs.unput(second);
  expect((await read(first.sha256)).bytes.equals(bytes)).toBe(true);
  const named = await blobs.put(randomBytes(size), Infinity);
  await name(named.sha256);
  await blobs.unput(named);
  expect(await blobs.get(named.sha256)).toBeDefined();
});

/** As a lesson does. */
async function name(sha256: Sha256): Promise<void> {
  await db.query(
    `WITH c AS (INSERT INTO course (slug, title) VALUES ($2, 'C') RETURNING id), m AS (INSERT INTO module (course_id, title, position) SELECT id, 'M', 0 FROM c RETURNING id),
          l AS (INSERT INTO lesson (module_id, slug, title, position, path) SELECT id, 'l', 'L', 0, 'l.ipynb' FROM m RETURNING id)
     INSERT INTO lesson_version (lesson_id, number, notebook_sha256, assets) SELECT id, 1, decode($1, 'hex'), '[]' FROM l`,
    [sha256, randomBytes(8).toString('hex')],
  );
}

// Seen to fail with a put that waits for another one's bytes leaving no mark of its own (ON CONFLICT DO NOTHING), and with the mark not compared.
test('T47 of those who put the same bytes at once, some of whom are refused, nobody else loses them', async () => {
  for (let round = 0; round < 30; round += 1) {
    const bytes = randomBytes(round % 2 ? 500 : MiB + 5);
    const put = async (refused: boolean) => {
      const kept = await blobs.put(bytes, Infinity);
      if (refused) await blobs.unput(kept);
      return refused ? undefined : blobs.get(kept.sha256);
    };
    const found = await Promise.all(Array.from({ length: 6 }, (_, n) => put(n % 2 === 0)));
    expect(found.filter((_, n) => n % 2 === 1)).not.toContain(undefined);
    expect((await read(sha(bytes))).bytes.equals(bytes)).toBe(true);
  }
});

// Seen to fail with the limit not looked at: the source is read to its end, and kept.
test('T42 bytes past their limit are not read on, and nothing of them is kept', async () => {
  const before = await db.query('SELECT 1 FROM blob');
  let asked = 0;
  async function* without() {
    for (;;) {
      asked += 1;
      yield randomBytes(64 * 1024);
    }
  }
  await expect(blobs.put(without(), 3 * MiB)).rejects.toThrow(PastLimit);
  expect(asked).toBe(49);
  await expect(blobs.put(randomBytes(11), 10)).rejects.toThrow(PastLimit);
  expect(await db.query('SELECT 1 FROM blob')).toHaveLength(before.length);
});
