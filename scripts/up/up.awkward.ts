import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../postgres.ts';
import { statusThroughFrontDoor } from '../testing/front-door.ts';
import { whatIsLeft } from '../testing/leaks.ts';
import { endProcess, isAlive, markOf, recorded } from './process-mark.ts';
import { freePort } from './ports.ts';

const tree = join(import.meta.dirname, '../..');
const asRoot = process.getuid?.() === 0;
const READY_MS = 8 * 60_000;

let base: string;
let clone: string;
const running = new Set<ChildProcess>();

beforeAll(() => {
  base = mkdtempSync('/var/tmp/lectern-awkward-');
  chmodSync(base, 0o755);
  clone = longPath(base);
  makeClone(clone);
});

afterAll(async () => {
  for (const child of running) {
    const mark = child.pid && markOf(child.pid);
    if (mark) await endProcess(mark, 'SIGTERM', 30_000);
  }
  rmSync(base, { recursive: true, force: true });
});

/** A folder whose path has 120 characters. */
const longPath = (from: string) => join(from, 'x'.repeat(120 - from.length - 1));

/** The tree's files in a folder of their own, with the packages, the build and the Python environment that the tree has. */
function makeClone(to: string) {
  mkdirSync(to, { recursive: true, mode: 0o755 });
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: tree, encoding: 'utf8' }).split('\0').filter((name) => name && existsSync(join(tree, name)));
  for (const name of files) cpSync(join(tree, name), join(to, name), { recursive: true });
  // Hard links: 30,000 files in a second or two, and no second gigabyte.
  for (const made of ['node_modules', '.next', 'lib/adapters/postgres/generated']) {
    if (!existsSync(join(tree, made))) continue;
    execFileSync('cp', ['-a', ...(made === 'node_modules' && sameDisk(tree, to) ? ['-l'] : []), join(tree, made), join(to, made)]);
  }
  const python = join(process.env.LECTERN_CACHE_DIR ?? join(tree, '.lectern'), 'python');
  mkdirSync(join(to, '.lectern'), { recursive: true });
  if (existsSync(python)) cpSync(python, join(to, '.lectern/python'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

const sameDisk = (a: string, b: string) => statSync(a).dev === statSync(b).dev;

type Way = { env?: Record<string, string>; args?: string[]; node?: string; before?: [string, string[]]; /** In a process group of its own, as a terminal starts it. */ ownGroup?: boolean };

/** Starts `up` in the clone and waits until it is ready or has ended. */
async function bringUp({ env = {}, args: options = [], node = process.execPath, before, ownGroup = false }: Way = {}) {
  const port = Number(env.PORT) || (await freePort());
  const [command, args] = before ? [before[0], [...before[1], node, 'scripts/up.mjs', ...options]] : [node, ['scripts/up.mjs', ...options]];
  const inherited = { ...process.env };
  for (const name of Object.keys(inherited)) if (/^(LECTERN_|VITEST|PORT$|NODE_|npm_|DATABASE_)/i.test(name)) Reflect.deleteProperty(inherited, name);
  const child = spawn(command, args, { cwd: clone, env: { ...inherited, LECTERN_WEB_PORT: String(await freePort()), PORT: String(port), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: ownGroup });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'exit').then(([code]) => code as number | null).finally(() => running.delete(child));
  const ready = (async () => {
    const deadline = Date.now() + READY_MS;
    while (!output.includes('Lectern is ready') && child.exitCode === null && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
    return output.includes('Lectern is ready');
  })();
  return { port, child, ready: await ready, output: () => output, ended };
}

/** Stops it as systemd does; `ctrlC` as a terminal does, whose signal goes to every process of the group. */
async function stop(up: Awaited<ReturnType<typeof bringUp>>, ctrlC = false) {
  if (ctrlC) process.kill(-up.child.pid!, 'SIGINT');
  else up.child.kill('SIGTERM');
  expect(await up.ended, up.output()).toBe(0);
  expect(await whatIsLeft(join(clone, '.lectern'), [up.port])).toEqual([]);
}

/** It answers, and a server of its pool becomes warm, which needs the notebook environment and what it is shut in with. */
async function serves(up: Awaited<ReturnType<typeof bringUp>>, databaseUrl = readFileSync(join(clone, '.lectern/database-url'), 'utf8').trim()) {
  expect(await statusThroughFrontDoor(up.port, '/readyz')).toBe(200);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // Rows of earlier ups are in this database too.
    const warm = () => client.query(`SELECT 1 FROM server WHERE state = 'warm' AND ready_at > pg_postmaster_start_time()`);
    await expect.poll(async () => (await warm()).rowCount, { timeout: 120_000, message: readFileSync(join(clone, '.lectern/logs/controller.log'), 'utf8').slice(-2000) }).toBeGreaterThan(0);
  } finally {
    await client.end();
  }
}

test('from a path of 120 characters it comes up, answers, and Ctrl-C leaves nothing', async () => {
  expect(clone.length).toBe(120);
  const up = await bringUp({ ownGroup: true });
  expect(up.ready, up.output()).toBe(true);
  await serves(up);
  expect(up.output()).toMatch(/learner@example\.org +\S+/);
  await stop(up, true);
});

test('again it is ready in seconds without network, and shows no password a second time', async () => {
  // The settings of every package tool point nowhere: whatever still asked for a package would fail.
  const nowhere = { npm_config_registry: 'http://127.0.0.1:9', PIP_INDEX_URL: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
  const began = performance.now();
  const up = await bringUp({ env: nowhere });
  expect(up.ready, up.output()).toBe(true);
  const seconds = (performance.now() - began) / 1000;
  console.log(`up again: ${seconds.toFixed(1)} s`);
  expect(up.output()).not.toContain('learner@example.org');
  await stop(up);
});

test('a port that is taken ends it in seconds, by name', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const up = await bringUp({ env: { PORT: String(port) } });
  taken.close();
  expect(up.ready).toBe(false);
  expect(await up.ended).toBe(1);
  expect(up.output()).toMatch(new RegExp(`Port ${port} is taken.*PORT=`, 's'));
});

test('without bubblewrap it warns with what is wrong and runs', async ({ skip }) => {
  const hidden = hideBubblewrap();
  if (!hidden) return skip('hiding /usr/bin/bwrap needs root and a mount namespace');
  const up = await bringUp({ before: hidden });
  expect(up.ready, up.output()).toBe(true);
  // Here it is there and cannot be run: what is wrong with it is said.
  expect(up.output()).toMatch(/without a sandbox: bubblewrap/);
  await serves(up);
  await stop(up);
});

test('with DATABASE_URL it makes the database there, starts no PostgreSQL of its own, and leaves that one running', async () => {
  const given = await startEmbeddedPostgres(join(base, 'given'), { settings: ['fsync=off'] });
  try {
    const up = await bringUp({ env: { DATABASE_URL: given.url('made_by_up') } });
    expect(up.ready, up.output()).toBe(true);
    expect(recorded(join(clone, '.lectern/run'), 'postgres')).toBe(undefined);
    await serves(up, given.url('made_by_up'));
    await stop(up);
    const client = new pg.Client({ connectionString: given.url('made_by_up') });
    await client.connect();
    await client.end();
  } finally {
    await given.stop();
  }
});

test('under Node 20 it goes on under a newer one', async ({ skip }) => {
  const old = node20();
  if (!old) return skip('there is no Node 20 on this machine');
  const up = await bringUp({ node: old, env: { LECTERN_CACHE_DIR: process.env.LECTERN_CACHE_DIR || join(tree, '.lectern') } });
  expect(up.ready, up.output()).toBe(true);
  const web = recorded(join(clone, '.lectern/run'), 'gateway')!;
  expect(readFileSync(`/proc/${web.pid}/cmdline`, 'utf8').split('\0')[0]).not.toBe(old);
  await serves(up);
  await stop(up);
});

test('a user who is not root brings it up', async ({ skip }) => {
  if (!asRoot) return skip('this run is not root’s: the other ways have shown it');
  rmSync(join(clone, '.lectern/postgres'), { recursive: true, force: true });
  execFileSync('chown', ['-R', '65534:65534', join(clone, '.lectern'), join(clone, '.next'), join(clone, 'lib/adapters/postgres/generated')]);
  execFileSync('chown', ['65534:65534', clone]);
  const node = readable(process.execPath);
  const up = await bringUp({ node, before: ['setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', '--']], env: { HOME: join(clone, '.lectern'), npm_config_cache: join(clone, '.lectern/npm') } });
  expect(up.ready, up.output()).toBe(true);
  await serves(up);
  await stop(up);
});

test('after kill -9 of the supervisor the next up ends what it left, and a second up is refused by name, but prints a link for an admin', async () => {
  if (asRoot) execFileSync('chown', ['-R', '0:0', clone]);
  const first = await bringUp();
  expect(first.ready, first.output()).toBe(true);
  const second = await bringUp({ env: { PORT: String(first.port) } });
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/runs already.*kill \d+/s);
  const asking = await bringUp({ env: { PORT: String(first.port) }, args: ['--print-admin-link'] });
  expect(await asking.ended).toBe(0);
  expect(asking.output()).toMatch(new RegExp(`http://lectern\\.localhost:${first.port}/welcome\\?token=\\S+\\n$`));

  const runDir = join(clone, '.lectern/run');
  const left = ['web', 'gateway', 'controller', 'postgres'].map((name) => recorded(runDir, name)!);
  process.kill(recorded(runDir, 'supervisor')!.pid, 'SIGKILL');
  await first.ended;
  expect(left.every(isAlive)).toBe(true);

  const next = await bringUp({ env: { PORT: String(first.port) } });
  expect(next.ready, next.output()).toBe(true);
  expect(left.some(isAlive)).toBe(false);
  await stop(next);
});

/** A command in front of another that hides bubblewrap from it: a mount namespace whose /usr/bin is the same without that one file. */
function hideBubblewrap(): [string, string[]] | undefined {
  if (!asRoot || process.platform !== 'linux') return undefined;
  const masks = ['/usr/bin/bwrap', '/usr/local/bin/bwrap'].filter((path) => existsSync(path));
  const script = `${masks.map((path) => `mount --bind /dev/null ${path}`).join(' && ') || 'true'} && exec "$@"`;
  const command: [string, string[]] = ['unshare', ['-m', 'sh', '-c', script, 'sh']];
  try {
    execFileSync(command[0], [...command[1], 'true'], { stdio: 'ignore' });
    return command;
  } catch {
    return undefined;
  }
}

function node20(): string | undefined {
  const candidates = ['/usr/bin/node', '/usr/local/bin/node', process.env.LECTERN_NODE20 ?? ''].filter((path) => path && existsSync(path));
  return candidates.find((path) => execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.'));
}

/** The same program where every user may run it: root's own folder is closed to others. */
function readable(program: string): string {
  const copy = join(base, 'node');
  cpSync(program, copy);
  chmodSync(copy, 0o755);
  return copy;
}
