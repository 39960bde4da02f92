import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { pack, type Pack } from 'tar-stream';
import { FORMAT, type End, type Manifest } from './format.ts';

const PART_BYTES = 4 * 1024 * 1024;

/**
 * Writes the whole database as it was at one moment to `file`, which appears only when it is complete. Nobody is kept from
 * working meanwhile, and memory held does not grow with the database.
 * @returns how many tables and bytes before compression
 */
export async function writeBackup(url: string, file: string): Promise<{ tables: number; bytes: number }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const part = `${file}.part`;
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const manifest = await describe(client);
    const archive = pack();
    const written = pipeline(archive, createZstdCompress(), createWriteStream(part, { mode: 0o600, flags: 'wx' }));
    // The pipeline's own failure is the one to tell; without a listener it would end the process first.
    written.catch(() => {});
    await entry(archive, 'manifest.json', Buffer.from(JSON.stringify(manifest, null, 2)));
    const end: End = { tables: {} };
    let bytes = 0;
    for (const { name, columns } of manifest.tables) {
      const hash = createHash('sha256');
      let number = 0;
      for await (const chunk of inParts(client.query(copyTo(`COPY ${pg.escapeIdentifier(name)} (${columns.map(pg.escapeIdentifier).join(', ')}) TO STDOUT (FORMAT binary)`)))) {
        hash.update(chunk);
        bytes += chunk.length;
        await Promise.race([entry(archive, `${name}/${String((number += 1)).padStart(8, '0')}`, chunk), written]);
      }
      end.tables[name] = hash.digest('hex');
    }
    await entry(archive, 'end.json', Buffer.from(JSON.stringify(end)));
    archive.finalize();
    await written;
    await rename(part, file);
    return { tables: manifest.tables.length, bytes };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await client.end();
  }
}

async function describe(client: pg.Client): Promise<Manifest> {
  const { rows: tables } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname ORDER BY c.relname`,
  );
  const { rows: migrations } = await client.query<{ name: string }>('SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name');
  const { rows: sequences } = await client.query<{ name: string; last: string | null }>(`SELECT sequencename AS name, last_value::text AS last FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename`);
  const { rows: now } = await client.query<{ now: Date }>('SELECT now()');
  return { format: FORMAT, madeAt: now[0]!.now.toISOString(), migrations: migrations.map(({ name }) => name), tables, sequences };
}

async function* inParts(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    held.push(chunk);
    size += chunk.length;
    if (size >= PART_BYTES) {
      yield Buffer.concat(held);
      [held, size] = [[], 0];
    }
  }
  if (size > 0) yield Buffer.concat(held);
}

const entry = (archive: Pack, name: string, content: Buffer) => new Promise<void>((done, failed) => archive.entry({ name, mode: 0o600 }, content, (error) => (error ? failed(error) : done())));
