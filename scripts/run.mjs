// Runs another program and keeps the end of what it said. Plain JavaScript without packages, see progress.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const KEPT = 8000;

/**
 * Runs a program to its end without standard input. It is killed, with everything it started, after `timeoutMs`.
 * Resolves with its exit code (124 when it ran out of time) and the tail of its output.
 */
export async function run(command, args, { cwd, env, onLine, onChunk, timeoutMs, signal } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let tail = '';
  let line = '';
  const take = (chunk) => {
    onChunk?.(chunk);
    tail = (tail + chunk).slice(-KEPT);
    line += chunk;
    const lines = line.split(/[\r\n]+/);
    line = lines.pop();
    for (const text of lines) if (text.trim()) onLine?.(text);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Its whole group has ended.
    }
  };
  let late = false;
  const timer = timeoutMs && setTimeout(() => { late = true; end(); }, timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  // A front door that dies takes its programs along.
  process.once('exit', end);
  try {
    const [code] = await once(child, 'close');
    return { code: late ? 124 : (code ?? 1), tail, late };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
    process.removeListener('exit', end);
  }
}
