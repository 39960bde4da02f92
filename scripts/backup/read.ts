import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished, pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { extract } from 'tar-stream';
import { Obstacle } from '../progress.mjs';
import { End, Manifest } from './format.ts';

/** What Prisma Migrate makes for itself before its first migration. */
const PRISMA_TABLE = `CREATE TABLE _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL,
  logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;

/**
 * Brings a backup into an empty database: the schema as it was then, then every row, but for the pool's servers, which have
 * ended (see `endPool`). All of it in one transaction, so a backup that is damaged or cut off changes nothing. Newer migrations are applied by the next `npm run up`.
 * @throws Obstacle when the database is not empty, or the file is no whole backup of this or an earlier version
 */
export async function readBackup(url: string, file: string, root: string): Promise<Manifest> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await requireEmpty(client);
    await client.query('BEGIN');
    const manifest = await load(client, file, root);
    await endPool(client);
    await client.query('COMMIT');
    return manifest;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if ((error as { code?: string }).code?.startsWith('ZSTD') || /Unexpected end|Invalid tar/i.test((error as Error).message)) throw new Obstacle(`${file} is damaged, cut off or no backup of Lectern: nothing was changed.`);
    throw error;
  } finally {
    await client.end();
  }
}

async function requireEmpty(client: pg.Client) {
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')`);
  if (rows[0]!.count !== '0') throw new Obstacle('A backup is restored into an empty database only, and this one has tables. Name another with DATABASE_URL, or an unused folder with LECTERN_STATE_DIR.');
}

async function load(client: pg.Client, file: string, root: string): Promise<Manifest> {
  let manifest: Manifest | undefined;
  let end: End | undefined;
  const hashes = new Map<string, Hash>();
  let open: { table: string; copy: Writable } | undefined;
  const close = async () => {
    open?.copy.end();
    if (open) await finished(open.copy);
    open = undefined;
  };
  const archive = extract();
  // A damaged file fails here and, through the archive, in the loop below.
  const reading = pipeline(createReadStream(file), createZstdDecompress(), archive);
  reading.catch(() => {});
  try {
    for await (const entry of archive) {
      const content = await buffer(entry);
      const { name } = entry.header;
      if (!manifest) {
        if (name !== 'manifest.json') throw new Obstacle(`${file} is no backup of Lectern.`);
        manifest = parse(Manifest, content, file);
        await makeSchema(client, manifest, root);
      } else if (name === 'end.json') {
        await close();
        end = parse(End, content, file);
      } else {
        const table = manifest.tables.find((known) => known.name === name.slice(0, name.lastIndexOf('/')));
        if (!table) throw new Obstacle(`${file} holds ${name}, which its own list does not name.`);
        if (open?.table !== table.name) {
          await close();
          hashes.set(table.name, createHash('sha256'));
          const columns = table.columns.map(pg.escapeIdentifier).join(', ');
          open = { table: table.name, copy: client.query(copyFrom(`COPY ${pg.escapeIdentifier(table.name)} (${columns}) FROM STDIN (FORMAT binary)`)) };
          // Its failure comes out of the write below or of `close`.
          open.copy.on('error', () => {});
        }
        hashes.get(table.name)!.update(content);
        await new Promise<void>((done, failed) => open!.copy.write(content, (error) => (error ? failed(error) : done())));
      }
    }
    await reading;
  } catch (error) {
    // Tells PostgreSQL that the rows end here; it would wait for more, and the roll-back behind it.
    open?.copy.destroy(error as Error);
    throw error;
  }
  if (!manifest || !end) throw new Obstacle(`${file} was cut off: nothing was changed.`);
  for (const { name } of manifest.tables) if (end.tables[name] !== hashes.get(name)?.digest('hex')) throw new Obstacle(`${file} is damaged (table ${name}): nothing was changed.`);
  await finish(client, manifest);
  return manifest;
}

/** References are checked at the end: two of the tables refer to each other. */
async function makeSchema(client: pg.Client, manifest: Manifest, root: string) {
  await client.query(PRISMA_TABLE);
  for (const name of manifest.migrations) {
    const sql = join(root, 'prisma/migrations', name, 'migration.sql');
    if (!existsSync(sql)) throw new Obstacle(`The backup is of a newer Lectern than this one (it has the migration ${name}). Restore it with that version.`);
    await client.query(readFileSync(sql, 'utf8'));
  }
  for (const { table, constraint } of await references(client)) await client.query(`ALTER TABLE ${table} ALTER CONSTRAINT ${constraint} DEFERRABLE INITIALLY DEFERRED`);
}

async function finish(client: pg.Client, manifest: Manifest) {
  await client.query('SET CONSTRAINTS ALL IMMEDIATE');
  for (const { table, constraint } of await references(client)) await client.query(`ALTER TABLE ${table} ALTER CONSTRAINT ${constraint} NOT DEFERRABLE`);
  for (const { name, last } of manifest.sequences) if (last !== null) await client.query('SELECT setval($1::regclass, $2::bigint)', [`public.${pg.escapeIdentifier(name)}`, last]);
}

/**
 * What was warm at the time of the backup may have become somebody's since, and a learner may claim it before the controller
 * has looked. Its row has ended, so no claim finds it, and the controller stops what is left of it.
 */
async function endPool(client: pg.Client) {
  await client.query(`UPDATE server SET state = 'stopped', desired = 'stop', reason = 'surplus', since = now(), ended_at = now() WHERE state IN ('warming', 'warm')`);
}

async function references(client: pg.Client) {
  const { rows } = await client.query<{ table: string; constraint: string }>(
    `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS constraint FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace`,
  );
  return rows;
}

function parse<T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } }, content: Buffer, file: string): T {
  try {
    const parsed = schema.safeParse(JSON.parse(content.toString('utf8')));
    if (parsed.success) return parsed.data;
  } catch {
    // Told below.
  }
  throw new Obstacle(`${file} is no backup that this version of Lectern can read.`);
}
