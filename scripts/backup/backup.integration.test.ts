import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { pendingMigrations } from '../up/database.ts';
import { makeDatabase } from '../testing/database.ts';
import { readBackup } from './read.ts';
import { writeBackup } from './write.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
let source: { url: string; drop(): Promise<void> };
let target: { url: string; drop(): Promise<void> };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lectern-backup-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  source = await makeDatabase();
  target = await emptyDatabase();
  await fill(source.url);
});
afterEach(async () => {
  await source.drop();
  await target.drop();
  for (const name of ['a.backup', 'cut.backup', 'bad.backup']) rmSync(join(folder, name), { force: true });
});

test('a backup restored into an empty database is the same in every row, reference and sequence', async () => {
  const file = join(folder, 'a.backup');
  await writeBackup(source.url, file);
  await readBackup(target.url, file, root);
  expect(await everything(target.url)).toEqual(await everything(source.url));
  expect(await pendingMigrations(root, target.url)).toEqual([]);
  expect(await query(target.url, `INSERT INTO server (profile, state) VALUES ('default', 'warming') RETURNING generation > 7 AS later`)).toEqual([{ later: true }]);
  await expect(query(target.url, `INSERT INTO blob_chunk VALUES ('\\x00', 0, 'identity', '')`)).rejects.toThrow(/foreign key/);
});

// Seen to fail without `endPool`.
test('F12 servers that stood in the pool have ended after a restore, before any program starts, and no others', async () => {
  const file = join(folder, 'a.backup');
  await query(source.url, `INSERT INTO server (profile, state, address, instance) SELECT 'default', state, '{"kind":"unix","path":"/x"}', 'i' FROM unnest(ARRAY['warming', 'warm', 'running']) AS state`);
  await writeBackup(source.url, file);
  await readBackup(target.url, file, root);
  const found = await query(target.url, `SELECT state, desired, reason, count(*)::int AS count, bool_and(ended_at IS NOT NULL) AS ended FROM server WHERE instance = 'i' GROUP BY 1, 2, 3 ORDER BY 1`);
  expect(found).toEqual([
    { state: 'running', desired: 'run', reason: null, count: 1, ended: false },
    { state: 'stopped', desired: 'stop', reason: 'surplus', count: 2, ended: true },
  ]);
});

test('a database that has tables is left alone', async () => {
  const file = join(folder, 'a.backup');
  await writeBackup(source.url, file);
  const before = await everything(source.url);
  await expect(readBackup(source.url, file, root)).rejects.toThrow(/empty database only/);
  expect(await everything(source.url)).toEqual(before);
});

test('a backup that was cut off or damaged changes nothing', async () => {
  const file = join(folder, 'a.backup');
  await writeBackup(source.url, file);
  const bytes = readFileSync(file);
  writeFileSync(join(folder, 'cut.backup'), bytes.subarray(0, Math.floor(bytes.length / 2)));
  bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
  writeFileSync(join(folder, 'bad.backup'), bytes);
  for (const name of ['cut.backup', 'bad.backup']) await expect(readBackup(target.url, join(folder, name), root), name).rejects.toThrow();
  expect(await query(target.url, `SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'`)).toEqual([{ tables: 0 }]);
});

async function fill(url: string) {
  const bytes = randomBytes(3_000_000);
  await query(url, `INSERT INTO "user" (email, name) VALUES ('ä,"\t\\N@example.org', E'line\\nbreak'), ('b@example.org', NULL)`);
  await query(url, `INSERT INTO blob (sha256, size) VALUES ('\\x01', 6000000)`);
  await query(url, `INSERT INTO blob_chunk (sha256, position, encoding, bytes) VALUES ('\\x01', 0, 'identity', $1), ('\\x01', 1, 'identity', $1)`, [bytes]);
  await query(url, `INSERT INTO server (profile, state, address) SELECT 'default', 'stopped', '{"kind":"unix","path":"/x"}' FROM generate_series(1, 7)`);
  await query(
    url,
    `WITH c AS (INSERT INTO course (slug, title) VALUES ('c', 'C') RETURNING id), m AS (INSERT INTO module (course_id, title, position) SELECT id, 'M', 0 FROM c RETURNING id),
       l AS (INSERT INTO lesson (module_id, slug, title, position, path) SELECT id, 'l', 'L', 0, 'l.ipynb' FROM m RETURNING id)
     INSERT INTO lesson_version (lesson_id, number, notebook_sha256) SELECT id, 1, '\\x01' FROM l`,
  );
  await query(url, 'UPDATE lesson SET current_version_id = (SELECT id FROM lesson_version)');
}

async function everything(url: string): Promise<Record<string, unknown>> {
  const tables = await query(url, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`);
  const found: Record<string, unknown> = {};
  for (const { name } of tables) found[name as string] = await query(url, `SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) AS hash, count(*)::int FROM ${pg.escapeIdentifier(name as string)} t`);
  return found;
}

async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function emptyDatabase() {
  const admin = inject('postgresAdminUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: async () => void (await query(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)) };
}
