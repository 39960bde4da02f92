import { createHash, randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { UpstreamError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';
import { PastLimit, type Allow, type BlobStore, type Kept } from '../../core/workspaces/blobs.ts';
import type { Database } from './database.ts';
import { UNNAMED } from './unnamed.ts';

const CHUNK = 1024 * 1024;
const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];

type Stored = { encoding: string; bytes: Buffer };

/**
 * Blobs in PostgreSQL. A blob and all its chunks appear in one commit, under the hash of what was really read, so a
 * half-written one is never seen and needs no clearing up (lib/decisions/blobs-appear-whole.md). What is longer than a
 * chunk waits in a nameless file until its hash is known, so that a slow sender holds no connection.
 * @param floor asked before new bytes of anybody are kept
 */
export const makeBlobStore = (db: Database, floor?: Allow): BlobStore => ({
  async put(bytes, mostBytes, allowed) {
    const allow: Allow = async (newBytes) => {
      await floor?.(newBytes);
      await allowed?.(newBytes);
    };
    if (bytes instanceof Uint8Array && bytes.length > mostBytes) throw new PastLimit(mostBytes);
    if (bytes instanceof Uint8Array && bytes.length <= CHUNK) return putSmall(db, bytes, allow);
    const source = bytes instanceof Uint8Array ? slices(bytes) : rechunk(limited(bytes, mostBytes));
    const first = await source.next();
    const second = first.done ? first : await source.next();
    if (second.done) return putSmall(db, first.done ? new Uint8Array() : first.value, allow);
    const spool = await makeSpool();
    try {
      const hash = createHash('sha256');
      let size = 0;
      for (const chunk of [first.value, second.value]) size += await keep(spool, hash, chunk);
      for await (const chunk of source) size += await keep(spool, hash, chunk);
      const sha256 = hash.digest();
      const made = await putSpooled(db, sha256, size, spool, allow);
      return { sha256: sha256.toString('hex') as Sha256, size, ...(made && { made }) };
    } finally {
      await spool.close();
    }
  },

  async unput({ sha256, made }) {
    // A put since then, seen or only waited for, has left another mark; one that waits for this deletion keeps the bytes anew.
    if (made) await db.query(`DELETE FROM blob b WHERE sha256 = $1 AND created_at = $2::timestamptz AND ${UNNAMED}`, [Buffer.from(sha256, 'hex'), made]).catch(() => undefined);
  },

  async get(sha256) {
    const [head] = await db.query<Stored & { size: number }>(
      'SELECT b.size, c.encoding, c.bytes FROM blob b LEFT JOIN blob_chunk c ON c.sha256 = b.sha256 AND c.position = 0 WHERE b.sha256 = $1',
      [Buffer.from(sha256, 'hex')],
    );
    if (!head) return undefined;
    return { size: head.size, bytes: head.size === 0 ? nothing() : chunks(db, sha256, head.size, head) };
  },
});

async function keep(spool: FileHandle, hash: ReturnType<typeof createHash>, chunk: Uint8Array): Promise<number> {
  hash.update(chunk);
  await spool.appendFile(chunk);
  return chunk.length;
}

/** Every put leaves its mark, so that a sweep and an `unput` leave what is about to be used alone. Not `now()`: two begun at once differ. */
const TOUCH = `INSERT INTO blob (sha256, size, created_at) VALUES ($1, $2, clock_timestamp())
       ON CONFLICT (sha256) DO UPDATE SET created_at = clock_timestamp() RETURNING (xmax = 0) AS fresh, created_at::text AS mark`;
type Touched = { fresh: boolean; mark: string };

/** Fewer are taken for new without asking: a save of a page is one round trip. */
const ASKED_BYTES = 64 * 1024;

/** One statement, one round trip. A second put of the same bytes waits for the first and then has nothing to do. */
async function putSmall(db: Database, bytes: Uint8Array, allow: Allow): Promise<Kept> {
  const sha256 = createHash('sha256').update(bytes).digest();
  if (bytes.length <= ASKED_BYTES || !(await isKnown(db, sha256))) await allow(bytes.length);
  const { encoding, bytes: stored } = await encode(bytes);
  const [row] = await db.query<Touched>(
    `WITH made AS (${TOUCH}), chunk AS (
       INSERT INTO blob_chunk (sha256, position, encoding, bytes) SELECT $1, 0, $3, $4 FROM made WHERE fresh AND $2 > 0)
     SELECT fresh, mark FROM made`,
    [sha256, bytes.length, encoding, stored],
  );
  return { sha256: sha256.toString('hex') as Sha256, size: bytes.length, ...(row?.fresh && { made: row.mark }) };
}

const isKnown = async (db: Database, sha256: Buffer) => (await db.query('SELECT 1 FROM blob WHERE sha256 = $1', [sha256])).length > 0;

async function putSpooled(db: Database, sha256: Buffer, size: number, spool: FileHandle, allow: Allow): Promise<string | undefined> {
  const [known] = await db.query('UPDATE blob SET created_at = clock_timestamp() WHERE sha256 = $1 RETURNING 1', [sha256]);
  if (known) return undefined;
  await allow(size);
  return db.transaction(async (query) => {
    const [made] = await query<Touched>(TOUCH, [sha256, size]);
    if (!made?.fresh) return undefined;
    const buffer = Buffer.alloc(CHUNK);
    for (let position = 0; position * CHUNK < size; position += 1) {
      const { bytesRead } = await spool.read(buffer, 0, CHUNK, position * CHUNK);
      const { encoding, bytes } = await encode(buffer.subarray(0, bytesRead));
      await query('INSERT INTO blob_chunk (sha256, position, encoding, bytes) VALUES ($1, $2, $3, $4)', [sha256, position, encoding, bytes]);
    }
    return made.mark;
  });
}

async function* chunks(db: Database, sha256: Sha256, size: number, first: Stored): AsyncGenerator<Uint8Array> {
  yield await decode(first);
  for (let position = 1; position * CHUNK < size; position += 1) {
    const [chunk] = await db.query<Stored>('SELECT encoding, bytes FROM blob_chunk WHERE sha256 = $1 AND position = $2', [Buffer.from(sha256, 'hex'), position]);
    if (!chunk) throw new UpstreamError('database', `blob ${sha256} lacks chunk ${position}`);
    yield await decode(chunk);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Kept as they are unless a tenth is saved: images and archives gain nothing and would cost time at each read. */
async function encode(bytes: Uint8Array): Promise<Stored> {
  const packed = await compress(bytes);
  return packed.length < bytes.length * 0.9 ? { encoding: 'zstd', bytes: packed } : { encoding: 'identity', bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

const decode = async ({ encoding, bytes }: Stored): Promise<Uint8Array> => (encoding === 'zstd' ? decompress(bytes) : bytes);

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
}

async function* limited(source: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of source) {
    length += piece.length;
    if (length > mostBytes) throw new PastLimit(mostBytes);
    yield piece;
  }
}

/** The same bytes in pieces of exactly one chunk, but for the last. */
async function* rechunk(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source) {
    let rest = piece;
    while (length + rest.length >= CHUNK) {
      const cut = CHUNK - length;
      yield Buffer.concat([...held, rest.subarray(0, cut)]);
      [held, length, rest] = [[], 0, rest.subarray(cut)];
    }
    // Copied: a source may reuse the memory of a piece once it is asked for the next.
    if (rest.length > 0) held.push(Uint8Array.from(rest));
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(held);
}

/** A file without a name: whatever happens to this process, the disk is given back. */
async function makeSpool(): Promise<FileHandle> {
  const path = join(tmpdir(), `lectern-blob-${randomBytes(12).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}
