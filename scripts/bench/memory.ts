import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { memoryOf, withDescendants } from '../../lib/adapters/local/process.ts';
import { folderName } from '../../lib/adapters/local/folder.ts';
import { privateRunDir } from '../../lib/adapters/local/run-dir.ts';
import type { ServerId } from '../../lib/core/ids.ts';
import { recorded } from '../up/process-mark.ts';
import { figure, median, type Figure } from './figure.ts';

const MB = 1024 * 1024;

/** Resident memory of the three programs, with all they started. */
export function programsMemory(stateDir: string): Figure {
  const pids = ['web', 'gateway', 'controller'].flatMap((name) => withDescendants(recorded(join(stateDir, 'run'), name)!.pid));
  const resident = pids.reduce((sum, pid) => sum + Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024, 0);
  return figure('programs-memory', resident / MB, 'MB', 350, 'lower');
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
