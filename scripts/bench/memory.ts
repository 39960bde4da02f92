import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { memoryOf, withDescendants } from '../../lib/adapters/local/process.ts';
import { folderName } from '../../lib/adapters/local/folder.ts';
import { privateRunDir } from '../../lib/adapters/local/run-dir.ts';
import type { ServerId } from '../../lib/core/ids.ts';
import { recorded } from '../up/process-mark.ts';
import { figure, median, type Figure } from './figure.ts';

const MB = 1024 * 1024;

/** Bytes of a process that are in memory, those it shares included. @throws where it is gone */
export const residentOf = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** Resident memory of the three programs and of all they started, but for learners' servers. */
export function programsMemory(stateDir: string): Figure {
  const servers = new Set(serverPids(stateDir).flatMap(withDescendants));
  const pids = ['web', 'gateway', 'controller'].flatMap((name) => withDescendants(recorded(join(stateDir, 'run'), name)!.pid)).filter((pid) => !servers.has(pid));
  const resident = pids.reduce((sum, pid) => sum + residentOf(pid), 0);
  return figure('programs-memory', resident / MB, 'MB', 350, 'lower');
}

/** The first process of each server's sandbox. */
function serverPids(stateDir: string): number[] {
  const runDir = privateRunDir(stateDir);
  return readdirSync(runDir).flatMap((name) => {
    const file = join(runDir, name, 'process');
    return existsSync(file) ? [(JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid] : [];
  });
}

/** Proportional set size of a warm server with its kernel: everything in its sandbox. */
export async function serverMemory(stateDir: string, databaseUrl: string): Promise<Figure> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ id: ServerId; generation: number }>(`SELECT id, generation FROM server WHERE state = 'warm'`);
  await client.end();
  const sizes = rows.map((ref) => {
    const folder = join(privateRunDir(stateDir), folderName(ref));
    const { pid } = JSON.parse(readFileSync(join(folder, 'process'), 'utf8')) as { pid: number };
    return memoryOf(withDescendants(pid)) / MB;
  });
  return figure('server-memory', median(sizes), 'MB', 150, 'lower');
}
