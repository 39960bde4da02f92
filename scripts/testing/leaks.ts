import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { privateRunDir } from '../../lib/adapters/local/run-dir.ts';
import { markOf } from '../up/process-mark.ts';
import { tryPort } from '../up/ports.ts';

/**
 * What a Lectern that has ended left behind: ports that still listen, folders of servers, and processes that name its state
 * folder or the servers' folder in their command, environment or mounts (a sandbox has a mount of its own folder there).
 */
export async function whatIsLeft(stateDir: string, ports: number[]): Promise<string[]> {
  const left: string[] = [];
  for (const port of ports) if ((await tryPort(port, '127.0.0.1')) !== 'free') left.push(`port ${port} listens`);
  const runDir = privateRunDir(stateDir);
  if (existsSync(runDir)) left.push(...readdirSync(runDir).map((name) => `folder ${runDir}/${name}`));
  if (!existsSync('/proc/self')) return left;
  for (const pid of readdirSync('/proc').map(Number).filter((pid) => pid > 0 && pid !== process.pid)) {
    const told = ['cmdline', 'environ', 'mountinfo'].map((file) => read(`/proc/${pid}/${file}`)).join('\0');
    if ((told.includes(stateDir) || told.includes(runDir)) && markOf(pid)) {
      left.push(`process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 160)}`);
    }
  }
  return left;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
