import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Names one process for ever: pids are used again, a pid with its start time is not. */
export type ProcessMark = { pid: number; started: string };

/** The mark of a live process; undefined when there is none, or only a zombie that nobody waits for. */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    if (process.platform === 'linux') {
      // The command in parentheses may hold anything, so the fields are counted from its end.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, started: fields[19]! };
    }
    const started = execFileSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return started ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

export const isAlive = (mark: ProcessMark) => markOf(mark.pid)?.started === mark.started;

/** Asks the process to end with `signal` and kills its whole group after `graceMs`. Resolves once it is gone. */
export async function endProcess(mark: ProcessMark, signal: NodeJS.Signals, graceMs: number): Promise<'ended' | 'killed'> {
  const send = (target: number, name: NodeJS.Signals) => {
    try {
      process.kill(target, name);
    } catch {
      // It went by itself.
    }
  };
  if (isAlive(mark)) send(mark.pid, signal);
  const deadline = Date.now() + graceMs;
  while (isAlive(mark) && Date.now() < deadline) await pause(20);
  if (!isAlive(mark)) return 'ended';
  send(-mark.pid, 'SIGKILL');
  send(mark.pid, 'SIGKILL');
  while (isAlive(mark)) await pause(20);
  return 'killed';
}

const fileOf = (folder: string, name: string) => join(folder, `${name}.json`);

/** Written at once after a start, so that a supervisor that comes later finds what an earlier one left. */
export function record(folder: string, name: string, pid: number) {
  const mark = markOf(pid);
  if (mark) writeFileSync(fileOf(folder, name), JSON.stringify(mark), { mode: 0o600 });
}

export const forget = (folder: string, name: string) => rmSync(fileOf(folder, name), { force: true });

/** The recorded process of that name, if it still lives. */
export function recorded(folder: string, name: string): ProcessMark | undefined {
  try {
    const mark = JSON.parse(readFileSync(fileOf(folder, name), 'utf8')) as ProcessMark;
    return isAlive(mark) ? mark : undefined;
  } catch {
    return undefined;
  }
}

/** Names of all records of the folder, of the living and the dead. */
export const recordNames = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
