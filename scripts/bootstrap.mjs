// From a bare clone to Node 24 with every dependency: the beginning of each front door. Plain JavaScript without
// packages that Node 20.19 runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { makeProgress, explain, Obstacle } from './progress.mjs';
import { run } from './run.mjs';

const NODE = '24.21.0';
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'];
export const root = join(import.meta.dirname, '..');

const version = (text) => text.replace(/^v/, '').split('.').map(Number);
const atLeast = (text, [major, minor]) => {
  const [a, b] = version(text);
  return a > major || (a === major && b >= minor);
};

/**
 * Brings the clone to where TypeScript with its packages runs, then goes on with `script` under a Node that is new enough.
 * The process ends with the script's exit code. `before` runs in front of everything that takes long.
 */
export async function start(script, args, { progress = makeProgress(), before } = {}) {
  const stop = () => process.exit(130);
  for (const signal of endings) process.once(signal, stop);
  try {
    begin();
    if (before && !installed()) await before(root);
    const node = await nodeForPrograms(progress);
    await dependencies(progress);
    await databaseClient(node, progress);
    for (const signal of endings) process.off(signal, stop);
    process.exitCode = await goOn(node, script, args);
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = 1;
  }
}

function begin() {
  if (!atLeast(process.version, [20, 19])) throw new Obstacle(`Node ${process.version} is too old: Lectern begins with Node 20.19 or newer (https://nodejs.org).`);
  if (process.platform === 'win32') throw new Obstacle('Lectern does not run on Windows itself. Use WSL (https://learn.microsoft.com/windows/wsl) and clone inside it.');
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new Obstacle(`${root} is not writable for this user: dependencies and the build go there. Clone as the user that runs Lectern.`);
  }
  process.chdir(root);
  const env = join(root, '.env');
  if (existsSync(env)) process.loadEnvFile?.(env);
}

/** Where what several clones can share is kept: Node and the Python environment. */
const cacheDir = () => resolve(root, process.env.LECTERN_CACHE_DIR || process.env.LECTERN_STATE_DIR || '.lectern');

/** This very Node when it is new enough (see lib/decisions/node-from-npm.md), else Node 24 from npm, kept in the cache. */
async function nodeForPrograms(progress) {
  if (atLeast(process.version, [22, 19])) return process.execPath;
  const home = join(cacheDir(), 'node', `${NODE}-${process.platform}-${process.arch}`);
  const node = join(home, 'bin', 'node');
  if (existsSync(node)) return node;
  return progress.step(`Node ${NODE} (the machine’s own ${process.version.slice(1)} is too old for the programs)`, async (note) => {
    mkdirSync(dirname(home), { recursive: true });
    const work = mkdtempSync(join(dirname(home), 'new-'));
    try {
      const name = `node-${process.platform}-${process.arch}`;
      writeFileSync(join(work, 'package.json'), '{"private":true}');
      await npm(['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', `${name}@${NODE}`], { cwd: work, note, mend: 'Or install Node 24 yourself (https://nodejs.org) and try again.' });
      mkdirSync(join(work, 'ready'));
      cpSync(join(work, 'node_modules', name, 'bin'), join(work, 'ready', 'bin'), { recursive: true });
      if (!existsSync(home)) renameSync(join(work, 'ready'), home);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    return node;
  });
}

/** npm's own record of what is installed agrees with the lock file. It is written last, so a cut-off install has none. */
function installed() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const there = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return (
      Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || there[path]?.version === entry.version) &&
      Object.entries(there).every(([path, entry]) => wanted[path]?.version === entry.version)
    );
  } catch {
    return false;
  }
}

async function dependencies(progress) {
  if (installed()) return;
  await progress.step('Dependencies from npm', async (note) => {
    const ci = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'];
    // What npm's cache knows of a package may be older than the version that is wanted.
    await npm([...ci, '--prefer-offline'], { cwd: root, note }).catch(() => npm(ci, { cwd: root, note }));
  });
}

/** Prisma's client is generated from the schema; the stamp tells for which. */
async function databaseClient(node, progress) {
  const [schema, folder] = [join(root, 'prisma/schema.prisma'), join(root, 'lib/adapters/postgres/generated')];
  const prisma = createRequire(join(root, 'package.json')).resolve('prisma/package.json');
  const stamp = join(folder, '.made-from');
  const now = createHash('sha256').update(readFileSync(schema)).update(readFileSync(prisma)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  await progress.step('Database client', async (note) => {
    const { code, tail } = await run(node, [join(dirname(prisma), 'build/index.js'), 'generate'], { cwd: root, env: environment(node), onLine: note, timeoutMs: 180_000 });
    if (code !== 0) throw new Obstacle(`prisma generate failed:\n${tail}`);
    writeFileSync(stamp, now);
  });
}

/** The environment of everything below: that Node first in the path, and nobody phones home. */
const environment = (node) => ({ ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`, NEXT_TELEMETRY_DISABLED: '1', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' });

async function npm(args, { cwd, note, mend = '' }) {
  const own = process.env.npm_execpath?.endsWith('.js') ? process.env.npm_execpath : undefined;
  const [command, first] = own ? [process.execPath, [own]] : ['npm', []];
  const said = (line) => line.startsWith('npm warn') || note(line.replace(/^npm http /, '').replace(/https?:\/\/[^/ ]+\//, ''));
  const { code, tail } = await run(command, [...first, ...args], { cwd, onLine: said, timeoutMs: 20 * 60_000 }).catch((error) => {
    if (error.code === 'ENOENT') throw new Obstacle('npm is not to be found: it comes with Node (on Debian: apt install npm).');
    throw error;
  });
  if (code === 0) return;
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(tail);
  const errors = tail.split('\n').filter((line) => /npm (error|ERR!)/.test(line)).slice(0, 15).join('\n');
  throw new Obstacle(`npm ${args[0]} failed${offline ? ': the package registry cannot be reached. Check the network (or npm’s proxy setting) and try again' : ''}.\n${errors || tail}${mend ? `\n${mend}` : ''}`);
}

/** Ctrl-C reaches the script by itself (same terminal), SIGTERM is passed on; when this process is killed the script sees the channel close. */
async function goOn(node, script, args) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, script), ...args], { cwd: root, env: environment(node), stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((done) => {
    child.on('error', (error) => { process.stderr.write(explain(error)); done(1); });
    child.on('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
