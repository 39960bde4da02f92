import { readdirSync } from 'node:fs';
import { programOf } from '../../e2e/stack.ts';
import { withDescendants } from '../../lib/adapters/local/process.ts';
import type { Hub } from '../../lib/hub.ts';
import { residentOf } from '../bench/memory.ts';
import { table } from '../markdown.ts';

/** `beside web`: the processes in which it reads and prepares notebooks. */
const watched = ['web', 'beside web', 'gateway', 'controller'] as const;
type Watched = (typeof watched)[number];

/** What each program holds of the machine, and how many connections PostgreSQL has. */
export type Held = Record<Watched, { rssMb: number; descriptors: number }> & { connections: number };

/** More than before by this, and it has not come back. */
const MORE_DESCRIPTORS = (before: number) => before * 0.05 + 10;
const MORE_MB = 64;
const MB = 1 << 20;

export async function look(stateDir: string, database: Hub['database']): Promise<Held> {
  const [row] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database()');
  return { ...(Object.fromEntries(watched.map((name) => [name, heldBy(stateDir, name)])) as Record<Watched, { rssMb: number; descriptors: number }>), connections: row!.count };
}

function heldBy(stateDir: string, name: Watched) {
  const { pid } = programOf(stateDir, name === 'beside web' ? 'web' : name)!;
  const pids = name === 'beside web' ? withDescendants(pid).filter((each) => each !== pid) : [pid];
  const bytes = pids.reduce((sum, each) => sum + ifThere(() => residentOf(each)), 0);
  return { rssMb: Math.round(bytes / MB), descriptors: pids.reduce((sum, each) => sum + ifThere(() => readdirSync(`/proc/${each}/fd`).length), 0) };
}

/** Of a process, which may have gone meanwhile. */
function ifThere(count: () => number): number {
  try {
    return count();
  } catch {
    return 0;
  }
}

/** What has not come back, in words; nothing when all has. */
export function kept(before: Held, now: Held): string[] {
  const still = watched.flatMap((name) => [
    ...(now[name].descriptors > before[name].descriptors + MORE_DESCRIPTORS(before[name].descriptors) ? [`${name}: ${now[name].descriptors} descriptors, before ${before[name].descriptors}`] : []),
    ...(now[name].rssMb > before[name].rssMb + MORE_MB ? [`${name}: ${now[name].rssMb} MB, before ${before[name].rssMb}`] : []),
  ]);
  return now.connections > before.connections + MORE_DESCRIPTORS(before.connections) ? [...still, `PostgreSQL: ${now.connections} connections, before ${before.connections}`] : still;
}

export function heldTable(looks: [string, Held][]): string {
  return table([
    ['', ...looks.map(([when]) => when)],
    ...watched.flatMap((name) => [
      [`${name}: memory`, ...looks.map(([, held]) => `${held[name].rssMb} MB`)],
      [`${name}: descriptors`, ...looks.map(([, held]) => String(held[name].descriptors))],
    ]),
    ['PostgreSQL: connections', ...looks.map(([, held]) => String(held.connections))],
  ]);
}
