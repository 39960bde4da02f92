// What `up` needs of the machine, asked before anything is downloaded. Plain JavaScript without packages, see progress.mjs.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Obstacle } from './progress.mjs';

const call = promisify(execFile);

/** @throws Obstacle naming the first thing that is missing and how to get it */
export async function checkPrerequisites(root) {
  await pythonWithVenv(root);
  await portIsFree();
}

async function pythonWithVenv(root) {
  const cache = resolve(root, process.env.LECTERN_CACHE_DIR || process.env.LECTERN_STATE_DIR || '.lectern');
  if (existsSync(join(cache, 'python'))) return;
  const python = process.env.LECTERN_PYTHON || 'python3';
  const ask = 'import sys; print("%d.%d" % sys.version_info[:2]); import venv, ensurepip';
  try {
    const { stdout } = await call(python, ['-c', ask], { timeout: 20_000 });
    requireVersion(python, stdout);
  } catch (error) {
    if (error.name === 'Obstacle') throw error;
    if (error.code === 'ENOENT') throw new Obstacle(`${python} is not to be found. Notebooks need Python 3.10 or newer with venv (on Debian or Ubuntu: apt install python3 python3-venv; or name one with LECTERN_PYTHON).`);
    if (error.stdout) requireVersion(python, error.stdout);
    if (/No module named '?(venv|ensurepip)/.test(error.stderr ?? '')) throw new Obstacle(`${python} has no venv module, from which the notebook environment is made. On Debian or Ubuntu: apt install python3-venv. Or name another Python with LECTERN_PYTHON.`);
    throw new Obstacle(`${python} does not run: ${(error.stderr || error.message).trim().split('\n').at(-1)}. Name a working Python 3.10 or newer with LECTERN_PYTHON.`);
  }
}

function requireVersion(python, said) {
  const [major, minor] = said.trim().split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 10)) throw new Obstacle(`${python} is Python ${said.trim()}; notebooks need 3.10 or newer. Name one with LECTERN_PYTHON, e.g. LECTERN_PYTHON=python3.12.`);
}

async function portIsFree() {
  const port = Number(process.env.PORT || 3000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Obstacle(`PORT: ${process.env.PORT} is not a port. Choose one from 1024 to 65535: PORT=3000 npm run up`);
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen(port, process.env.HOST || '127.0.0.1');
    await listening;
  } catch (error) {
    // What else can be wrong with it is told later, with the settings at hand.
    if (error.code === 'EADDRINUSE') throw new Obstacle(`Port ${port} is taken. Stop the program that has it, or choose another port: PORT=${port + 100} npm run up`);
  } finally {
    await new Promise((done) => server.close(done));
  }
}
