import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../scripts/up/ports.ts';
import { recorded, type ProcessMark } from '../scripts/up/process-mark.ts';
import { whatIsLeft } from '../scripts/testing/leaks.ts';

const root = resolve(import.meta.dirname, '..');
const READY_MS = 15 * 60_000;

/** What courses may choose besides the default: one for instructors, one for admins alone. */
const profiles = {
  roomy: { title: 'Roomy', description: 'Half as much memory again.', memoryMb: 1536, mayUse: { roles: ['instructor'] } },
  reserved: { title: 'Reserved', description: 'As large as this machine allows.' },
};

export type Stack = {
  site: string;
  stateDir: string;
  databaseUrl: string;
  /** Everything `up` has said so far. */
  output(): string;
  /** Ends it by SIGTERM; up.awkward.ts does as Ctrl-C does. @throws when a process, socket or folder is left */
  stop(): Promise<void>;
};

/** Starts the real programs with `up`, on ports and in a state folder of their own, below `within` where that is given. */
export async function startStack(env: Record<string, string> = {}, { within = tmpdir() }: { within?: string } = {}): Promise<Stack> {
  const stateDir = mkdtempSync(join(within, 'lectern-e2e-'));
  const [port, webPort] = [await freePort(), await freePort()];
  const child = spawn('node', [join(root, 'scripts/up.mjs')], {
    cwd: root,
    env: {
      ...process.env,
      LECTERN_CACHE_DIR: process.env.LECTERN_CACHE_DIR || join(root, '.lectern'),
      LECTERN_STATE_DIR: stateDir,
      DATABASE_URL: '',
      PORT: String(port),
      LECTERN_WEB_PORT: String(webPort),
      LECTERN_POOL_FLOOR: '2',
      LECTERN_PROFILES: JSON.stringify(profiles),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');

  const deadline = Date.now() + READY_MS;
  while (!output.includes('Lectern is ready')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`up did not get ready:\n${output}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    site: `http://lectern.localhost:${port}`,
    stateDir,
    databaseUrl: readFileSync(join(stateDir, 'database-url'), 'utf8').trim(),
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      const left = await whatIsLeft(stateDir, [port, webPort]);
      rmSync(stateDir, { recursive: true, force: true });
      if (left.length || code !== 0) throw new Error(`up ended with ${code} and left:\n${left.join('\n')}\n${output.slice(-2000)}`);
    },
  };
}

export type ProgramName = 'web' | 'gateway' | 'controller' | 'postgres' | 'supervisor';

/** The live process of a program of that state folder. */
export const programOf = (stateDir: string, name: ProgramName): ProcessMark | undefined => recorded(join(stateDir, 'run'), name);

/** Kills a program without a goodbye. */
export function killProgram(stateDir: string, name: ProgramName): ProcessMark {
  const mark = programOf(stateDir, name);
  if (!mark) throw new Error(`${name} does not run`);
  process.kill(mark.pid, 'SIGKILL');
  return mark;
}
