import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { markOf } from '../up/process-mark.ts';
import { tryPort } from '../up/ports.ts';

/**
 * What a Lectern that has ended left behind: processes that name its state folder in their command, environment or mounts
 * (a sandbox's processes have its socket folder mounted), and ports that still listen. Linux only; elsewhere the ports alone.
 */
export async function whatIsLeft(stateDir: string, ports: number[]): Promise<string[]> {
  const left: string[] = [];
  for (const port of ports) if ((await tryPort(port, '127.0.0.1')) !== 'free') left.push(`port ${port} listens`);
  if (!existsSync('/proc/self')) return left;
  for (const pid of readdirSync('/proc').map(Number).filter((pid) => pid > 0 && pid !== process.pid)) {
    if (['cmdline', 'environ', 'mountinfo'].some((file) => read(`/proc/${pid}/${file}`).includes(stateDir)) && markOf(pid)) {
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
