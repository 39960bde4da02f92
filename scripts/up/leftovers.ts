import { mkdirSync } from 'node:fs';
import { Obstacle } from '../progress.mjs';
import { endProcess, forget, record, recorded, recordNames } from './process-mark.ts';

const SUPERVISOR = 'supervisor';

/** Order in which programs end: the ways in first, the database last. PostgreSQL's fast shutdown is SIGINT. */
const order = ['gateway', 'web', 'controller', 'postgres'];

/**
 * Makes this process the one supervisor of the state folder.
 * @throws Obstacle when another one lives
 */
export function becomeSupervisor(runDir: string, address: string) {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const other = recorded(runDir, SUPERVISOR);
  if (other) throw new Obstacle(`Lectern runs already from this state folder (process ${other.pid}, ${address}). Stop it with Ctrl-C there or: kill ${other.pid}`);
  record(runDir, SUPERVISOR, process.pid);
}

/** Whether a supervisor runs the site from this state folder. */
export const runsAlready = (runDir: string): boolean => recorded(runDir, SUPERVISOR) !== undefined;

export const retire = (runDir: string) => forget(runDir, SUPERVISOR);

/**
 * Ends the programs an earlier supervisor left when it was killed. Notebook servers are not touched: the controller that
 * starts next adopts them, so that no execution is interrupted.
 * @returns the names of what was ended
 */
export async function endLeftovers(runDir: string): Promise<string[]> {
  const names = recordNames(runDir).filter((name) => name !== SUPERVISOR);
  const rank = (name: string) => (order.indexOf(name) + order.length) % order.length;
  const ended: string[] = [];
  for (const name of names.sort((a, b) => rank(a) - rank(b))) {
    const mark = recorded(runDir, name);
    if (mark) {
      await endProcess(mark, name === 'postgres' ? 'SIGINT' : 'SIGTERM', 10_000);
      ended.push(name);
    }
    forget(runDir, name);
  }
  return ended;
}
