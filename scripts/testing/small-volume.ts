import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createDatabase, startEmbeddedPostgres } from '../postgres.ts';

/** Why no volume of our own can be had here, if so. */
export function whyNoVolume(): string | undefined {
  const made = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { encoding: 'utf8' });
  return made.status === 0 ? undefined : `no volume of our own may be mounted here: ${made.error?.message ?? made.stderr.trim()}`;
}

/**
 * PostgreSQL with its data on a volume of so many megabytes, which only it sees and which ends with it; its log lies elsewhere, since
 * PostgreSQL stops altogether where that finds no room. `root` is its file system as seen from here, `volume` the volume in it.
 */
export async function startOnSmallVolume(megabytes: number) {
  const base = mkdtempSync(join(tmpdir(), 'lectern-volume-'));
  mkdirSync(join(base, 'volume'));
  const child = spawn('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=$3m tmpfs "$2/volume" && exec "$0" "$1" "$2"', process.execPath, import.meta.filename, base, String(megabytes)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const end = async () => {
    child.stdin.end();
    await ended;
    rmSync(base, { recursive: true, force: true });
  };
  const told = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => undefined)]);
  if (!told || typeof told[0] !== 'string') {
    await end();
    throw new Error('PostgreSQL did not start on a small volume');
  }
  const root = `/proc/${child.pid}/root`;
  const volume = join(root, base, 'volume');
  return { url: told[0], root, volume, leave: (freeBytes: number) => leave(volume, freeBytes), end };
}

const CHUNK = 64 * 1024;

/** Fills the volume until so much of it is free. @returns what gives it back */
function leave(volume: string, freeBytes: number): () => void {
  const filler = join(volume, `filler-${randomBytes(4).toString('hex')}`);
  const free = () => {
    const { bavail, bsize } = statfsSync(volume);
    return bavail * bsize;
  };
  writeFileSync(filler, '');
  try {
    while (free() > freeBytes) writeFileSync(filler, Buffer.alloc(CHUNK), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return () => rmSync(filler);
}

/** What runs inside: until nobody holds the other end of its input. */
async function run(base: string): Promise<void> {
  const folder = join(base, 'volume/postgres');
  const settings = ['fsync=off', 'max_connections=40', 'autovacuum=off'];
  await (await startEmbeddedPostgres(folder, { settings })).stop();
  const [log, elsewhere] = [join(folder, 'data/pg_wal'), join(base, 'log')];
  cpSync(log, elsewhere, { recursive: true });
  rmSync(log, { recursive: true });
  symlinkSync(elsewhere, log);
  const postgres = await startEmbeddedPostgres(folder, { settings });
  await createDatabase(postgres.url('site'));
  console.log(postgres.url('site'));
  await once(process.stdin.resume(), 'end');
  await postgres.stop();
}

if (import.meta.main) await run(process.argv[2]!);
