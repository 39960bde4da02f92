import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { takeTurn } from './turn.ts';

const run = promisify(execFile);

const SOURCE = resolve(import.meta.dirname, '../k8s/images/notebook');
/** Raised when the way the environment is made changes, so that old ones are made anew. */
const RECIPE = 1;

export type PythonOptions = {
  /** Command or path of a Python 3.10 or newer. */
  python: string;
  /** Where the environment goes; removed and made anew when it is not up to date. */
  dir: string;
  /** Where pip keeps what it downloaded. Default: pip's own place. */
  cacheDir?: string;
  onProgress: (line: string) => void;
};

/** The environment cannot be made; the message names the reason and the mend. */
export class PythonError extends Error {
  override name = 'PythonError';
}

type Stamp = { requirements: string; server: string };

/**
 * Makes the notebook environment in `dir` unless it is there and up to date: then this takes milliseconds and needs no network.
 * The folder may be moved with the tree it lies in.
 * @throws PythonError
 */
export async function preparePython({ python, dir, cacheDir, onProgress }: PythonOptions): Promise<void> {
  const wanted: Stamp = { requirements: hashOf(['requirements.lock'], String(RECIPE)), server: hashOf(listServer()) };
  if (isUpToDate(dir, wanted)) return;
  const release = await takeTurn(dir, () => onProgress('Another program is making the notebook environment: waiting for it'));
  try {
    if (!isUpToDate(dir, wanted)) await make({ python, dir, cacheDir, onProgress }, wanted);
  } finally {
    release();
  }
}

const hasPython = (dir: string) => existsSync(join(dir, 'bin/python'));

function isUpToDate(dir: string, wanted: Stamp): boolean {
  const found = readStamp(dir);
  return found?.requirements === wanted.requirements && found.server === wanted.server && hasPython(dir);
}

async function make({ python, dir, cacheDir, onProgress }: PythonOptions, wanted: Stamp): Promise<void> {
  if (readStamp(dir)?.requirements === wanted.requirements && hasPython(dir)) return installServer(dir, wanted);
  const version = await checkPython(python);
  onProgress(`Python ${version}: making the notebook environment (numpy, pandas, matplotlib, scikit-learn, JupyterLab)`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dirname(resolve(dir)), { recursive: true });
  try {
    await run(python, ['-m', 'venv', dir]);
  } catch (cause) {
    rmSync(dir, { recursive: true, force: true });
    throw new PythonError(`${python} -m venv failed: ${told(cause)}${noVenv}`, { cause });
  }
  await installRequirements(dir, cacheDir, onProgress);
  makeMovable(join(dir, 'bin'));
  await installServer(dir, wanted);
  onProgress('The notebook environment is ready');
}

const noVenv = ' Install the venv module: `apt install python3-venv` (Debian, Ubuntu).';

/** Ends in a second when the Python cannot do it, before anything is downloaded. */
async function checkPython(python: string): Promise<string> {
  const ask = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); import venv, ensurepip';
  try {
    const { stdout } = await run(python, ['-c', ask]);
    return orTooOld(python, stdout.trim());
  } catch (cause) {
    if (cause instanceof PythonError) throw cause;
    const { code, stdout = '' } = cause as { code?: string | number; stdout?: string };
    if (code === 'ENOENT' || code === 'EACCES') throw new PythonError(`no Python: \`${python}\` cannot be run. Install Python 3.10 or newer, or name one with LECTERN_PYTHON.`, { cause });
    if (stdout.trim()) throw new PythonError(`Python ${orTooOld(python, stdout.trim())} has no venv module.${noVenv}`, { cause });
    throw new PythonError(`\`${python}\` does not work: ${told(cause)}`, { cause });
  }
}

function orTooOld(python: string, version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 10)) throw new PythonError(`Python ${version} (\`${python}\`) is too old: 3.10 or newer is needed. Name another with LECTERN_PYTHON.`);
  return version;
}

async function installRequirements(dir: string, cacheDir: string | undefined, onProgress: (line: string) => void): Promise<void> {
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--prefer-binary', '--progress-bar', 'off', ...(cacheDir ? ['--cache-dir', cacheDir] : []), '--require-hashes', '-r', join(SOURCE, 'requirements.lock')];
  const pip = spawn(join(dir, 'bin/python'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  createInterface(pip.stdout).on('line', (line) => /^(Collecting|Installing collected)/.test(line) && onProgress(line.slice(0, 100)));
  createInterface(pip.stderr).on('line', (line) => complaints.push(line));
  const code = await new Promise<number | null>((done) => pip.once('close', done));
  if (code !== 0) {
    rmSync(dir, { recursive: true, force: true });
    const all = complaints.join('\n');
    const offline = /NewConnectionError|Name or service not known|Temporary failure in name resolution|ReadTimeout|Max retries/.test(all);
    throw new PythonError(`pip could not install the notebook environment. ${offline ? 'The Python package index cannot be reached: this first run needs the network (pip follows PIP_INDEX_URL and HTTPS_PROXY).' : ''}\n${complaints.slice(-8).join('\n')}`);
  }
}

/** pip writes the folder's present path into each command; here they look for the Python beside themselves. */
function makeMovable(bin: string): void {
  for (const name of readdirSync(bin)) {
    const file = join(bin, name);
    if (!statSync(file).isFile()) continue;
    const content = readFileSync(file, 'latin1');
    if (!/^#!(\S*python|\/bin\/sh\n'''exec')/.test(content)) continue;
    const body = content.replace(/^#!\S*python\S*\n/, '').replace(/^#!\/bin\/sh\n'''exec'.*\n' '''\n/, '');
    writeFileSync(file, `#!/bin/sh\n'''exec' "$(dirname -- "$0")/python" "$0" "$@"\n' '''\n${body}`, 'latin1');
  }
}

async function installServer(dir: string, stamp: Stamp): Promise<void> {
  const lib = join(dir, 'lib');
  const packages = join(lib, readdirSync(lib).find((name) => name.startsWith('python'))!, 'site-packages', 'lectern_server');
  rmSync(packages, { recursive: true, force: true });
  cpSync(join(SOURCE, 'lectern_server'), packages, { recursive: true, filter: (path) => !path.includes('__pycache__') });
  // The sandbox cannot write there, so each boot would compile it again.
  await run(join(dir, 'bin/python'), ['-m', 'compileall', '-q', packages]);
  await listFonts(dir);
  writeFileSync(join(dir, 'lectern.json'), JSON.stringify(stamp));
}

/** Matplotlib's list of fonts, which it would make for seconds at the first plot of each server. Without matplotlib there is none. */
async function listFonts(dir: string): Promise<void> {
  const fonts = join(dir, 'share/lectern/matplotlib');
  mkdirSync(fonts, { recursive: true });
  await run(join(dir, 'bin/python'), ['-c', 'import importlib.util as u\nif u.find_spec("matplotlib"): import matplotlib.font_manager'], { env: { ...process.env, MPLCONFIGDIR: fonts } });
}

function readStamp(dir: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, 'lectern.json'), 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

const listServer = () => readdirSync(join(SOURCE, 'lectern_server')).filter((name) => name.endsWith('.py')).sort().map((name) => join('lectern_server', name));

function hashOf(files: string[], salt = ''): string {
  const hash = createHash('sha256').update(salt);
  for (const file of files) hash.update(file).update('\0').update(readFileSync(join(SOURCE, file)));
  return hash.digest('hex');
}

const told = (cause: unknown) => (cause as { stderr?: string }).stderr?.trim().split('\n').slice(-3).join(' ') || String(cause);
