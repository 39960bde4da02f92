import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process for ever: its number alone may be given to another one. */
export type ProcessName = { pid: number; startTime: string };

const onLinux = process.platform === 'linux';

type Stat = { parent: number; session: number; startTime: string; zombie: boolean };

function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { zombie: fields[0] === 'Z' || fields[0] === 'X', parent: Number(fields[1]), session: Number(fields[3]), startTime: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Whether that very process runs. A zombie has ended. */
export function isAlive({ pid, startTime }: ProcessName): boolean {
  if (onLinux) {
    const found = stat(pid);
    return found !== undefined && !found.zombie && (startTime === '' || found.startTime === startTime);
  }
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

function every(): number[] {
  if (!onLinux) {
    return execFileSync('ps', ['-axo', 'pid='], { encoding: 'utf8' }).split('\n').map(Number).filter(Boolean);
  }
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** The process and all below it. Everything in a PID namespace is below its first process. */
export function withDescendants(root: number): number[] {
  if (!onLinux) {
    const rows = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
    return below(root, rows.map(([pid, parent]) => [pid!, parent!]));
  }
  return below(root, every().flatMap((pid): [number, number][] => {
    const found = stat(pid);
    return found && !found.zombie ? [[pid, found.parent]] : [];
  }));
}

function below(root: number, parents: [number, number][]): number[] {
  const children = Map.groupBy(parents, ([, parent]) => parent);
  const found: number[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    found.push(pid);
    for (const [child] of children.get(pid) ?? []) waiting.push(child);
  }
  return found;
}

/** Processes that carry the mark in the environment they were started with: those of an unsandboxed server, wherever they went. */
export function withMark(mark: string): number[] {
  if (!onLinux) return [];
  return every().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark) && !stat(pid)?.zombie;
    } catch {
      return false;
    }
  });
}

/** Processes that run as this uid, which is one server's alone. */
export function ofUid(uid: number): number[] {
  return every().filter((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/status`, 'utf8');
      return new RegExp(`^Uid:\\s+${uid}\\b`, 'm').test(text) && !/^State:\s+[ZX]/m.test(text);
    } catch {
      return false;
    }
  });
}

/** Proportional set size of these processes: shared pages are counted once over all that share them. */
export function memoryOf(pids: number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      return sum + Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
