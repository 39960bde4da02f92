import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createDatabase, startEmbeddedPostgres, type EmbeddedPostgres, type Start } from '../postgres.ts';
import { Obstacle, type Note } from '../progress.mjs';
import { run } from '../run.mjs';
import { freePort, tryPort } from './ports.ts';

const OLDEST = 15;

/** PostgreSQL with our database in it. */
export type Database = { url: string };

/** The embedded one; `restart` starts it again on the same port. */
export type OwnDatabase = Database & { running: EmbeddedPostgres; restart(): Promise<EmbeddedPostgres> };

/** The embedded PostgreSQL of the state folder. It keeps its port from run to run, unless somebody took it meanwhile. */
export async function startOwnDatabase(stateDir: string, options: Pick<Start, 'signal' | 'onSpawn'> = {}): Promise<OwnDatabase> {
  const file = join(stateDir, 'database-url');
  const before = Number(readUrl(file)?.port);
  const port = before && (await tryPort(before, '127.0.0.1')) === 'free' ? before : await freePort();
  const launch = () => startEmbeddedPostgres(join(stateDir, 'postgres'), { port, ...options });
  const running = await launch().catch((cause: Error) => {
    const mend = process.getuid?.() === 0 ? 'PostgreSQL does not run as root, so root starts it in a user namespace (`unshare -U`), which this machine may forbid. ' : '';
    throw new Obstacle(`The embedded PostgreSQL did not start. ${mend}Run Lectern as another user, or name a PostgreSQL of yours with DATABASE_URL.\n${cause.message}`);
  });
  const url = running.url('lectern');
  await createDatabase(url).catch(async (cause: unknown) => {
    await running.stop();
    throw cause;
  });
  writeFileSync(file, url, { mode: 0o600 });
  return { url, running, restart: launch };
}

/** The PostgreSQL that DATABASE_URL names, its database made where missing and allowed. @throws Obstacle when it cannot serve */
export async function givenDatabase(url: string): Promise<Database> {
  const probe = async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
    await client.connect();
    try {
      const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version_num') AS version`);
      return Math.floor(Number(rows[0]!.version) / 10_000);
    } finally {
      await client.end();
    }
  };
  const say = (error: unknown) => new Obstacle(`DATABASE_URL: the database cannot be used (${(error as Error).message || (error as NodeJS.ErrnoException).code}).`);
  const major = await probe().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== '3D000') throw say(error);
    await createDatabase(url).catch((cause: unknown) => Promise.reject(say(cause)));
    return probe();
  });
  if (major < OLDEST) throw new Obstacle(`DATABASE_URL: this is PostgreSQL ${major}; Lectern needs ${OLDEST} or newer.`);
  return { url };
}

function readUrl(file: string): URL | undefined {
  try {
    return new URL(readFileSync(file, 'utf8').trim());
  } catch {
    return undefined;
  }
}

const folders = (root: string) => readdirSync(join(root, 'prisma/migrations'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();

/** Migrations of this tree that the database has not finished, without starting Prisma for it. */
export async function pendingMigrations(root: string, url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL');
    const done = new Set(rows.map((row) => row.name));
    return folders(root).filter((name) => !done.has(name));
  } catch (error) {
    if ((error as pg.DatabaseError).code === '42P01') return folders(root);
    throw error;
  } finally {
    await client.end();
  }
}

/** `prisma migrate deploy`. @throws Obstacle with Prisma's own words */
export async function deployMigrations(root: string, url: string, note: Note): Promise<void> {
  const args = [join(root, 'node_modules/prisma/build/index.js'), 'migrate', 'deploy'];
  const env = { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: url };
  const { code, tail } = await run(process.execPath, args, { cwd: root, env, onLine: note, timeoutMs: 10 * 60_000 });
  if (code !== 0) throw new Obstacle(`The database could not be brought to this version:\n${tail.replaceAll(url, '<DATABASE_URL>')}`);
}
