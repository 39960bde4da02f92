import { execFileSync } from 'node:child_process';
import { programOf, type ProgramName } from '../../e2e/stack.ts';
import type { Hub } from '../../lib/hub.ts';
import { table } from '../markdown.ts';
import type { Turned } from './hostile-stranger.ts';
import { kinds } from './hostile-kinds.ts';

export const phases = ['quiet', 'hostile'] as const;
export type Phase = (typeof phases)[number];
export const actions = ['click to output', 'save', 'cell'] as const;
export type Action = (typeof actions)[number];

export const programs = ['web', 'gateway', 'controller'] as const;
type Programs<T> = Record<(typeof programs)[number], T>;

/** Bytes that lie on the disk, and those of files that the site keeps. */
export type Disk = { database: number; beside: number; kept: number };

/** What must be the same at the end. */
export type Standing = { pids: Record<string, number>; epoch: string };

export type HostileReport = {
  seed: number;
  learners: number;
  strangers: number;
  minutes: number;
  took: Record<Phase, Record<Action, number[]>>;
  /** What a well-behaved learner did not get. */
  failed: Record<Phase, number>;
  peakMb: Record<Phase, Programs<number>>;
  /** Before the first hostile phase and after the last, at rest. */
  restMb: [Programs<number>, Programs<number>];
  standing: [Standing, Standing];
  grown: Record<Phase, Disk>;
  acknowledged: Record<Phase, number>;
  turned: Turned[];
};

const MB = 1 << 20;
const RATIO = 1.5;
const MORE_MB = 64;
/** PostgreSQL takes its files by pages and by the megabyte; its own work beside what is kept is a save's row, not a file's bytes. */
const DISK_SLACK = 16 * MB;

const watched: ProgramName[] = ['web', 'gateway', 'controller', 'postgres'];

export async function standing(stateDir: string, { query }: Hub['database']): Promise<Standing> {
  const [lease] = await query<{ epoch: string }>('SELECT epoch::text FROM lease');
  return { pids: Object.fromEntries(watched.map((name) => [name, programOf(stateDir, name)?.pid ?? 0])), epoch: lease!.epoch };
}

export async function disk(stateDir: string, { query }: Hub['database']): Promise<Disk> {
  const [row] = await query<{ database: number; kept: number }>('SELECT pg_database_size(current_database())::float8 AS database, (SELECT coalesce(sum(size), 0)::float8 FROM blob) AS kept');
  const beside = Number(execFileSync('du', ['-sb', '--exclude=postgres*', stateDir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\t')[0]);
  return { ...row!, beside };
}

export const growth = (before: Disk, after: Disk, sum: Disk): Disk => ({ database: sum.database + after.database - before.database, beside: sum.beside + after.beside - before.beside, kept: sum.kept + after.kept - before.kept });

/** The value below which so many of a hundred lie. */
export function percentile(values: number[], of: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? NaN;
}

/** `noisy`: a busy machine may miss it by itself. */
export type Line = { what: string; quiet: string; hostile: string; judged?: { goal: string; holds: boolean; noisy?: boolean } };

const ms = (value: number) => `${Math.round(value)} ms`;
const mb = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;

export function judged(report: HostileReport): Line[] {
  const { took, failed, peakMb, restMb, standing: [before, after], grown, acknowledged } = report;
  const times = actions.flatMap((action): Line[] => {
    const of = (percent: number) => phases.map((phase) => percentile(took[phase][action], percent)) as [number, number];
    const [quiet, hostile] = of(95);
    const [quietHalf, hostileHalf] = of(50);
    const ratio = hostile / quiet;
    const shown = action === 'cell' ? {} : { judged: { goal: `≤ ${RATIO} × (${ratio.toFixed(2)})`, holds: ratio <= RATIO, noisy: true } };
    return [{ what: `${action}, p50 of ${took.quiet[action].length} and ${took.hostile[action].length}`, quiet: ms(quietHalf), hostile: ms(hostileHalf) }, { what: `${action}, p95`, quiet: ms(quiet), hostile: ms(hostile), ...shown }];
  });
  const memory = programs.flatMap((name): Line[] => [
    { what: `${name}: memory at most`, quiet: `${peakMb.quiet[name]} MB`, hostile: `${peakMb.hostile[name]} MB`, judged: { goal: `≤ +${MORE_MB} MB`, holds: peakMb.hostile[name] - peakMb.quiet[name] <= MORE_MB } },
    { what: `${name}: memory before and after`, quiet: `${restMb[0][name]} MB`, hostile: `${restMb[1][name]} MB`, judged: { goal: `≤ +${MORE_MB} MB`, holds: restMb[1][name] - restMb[0][name] <= MORE_MB } },
  ]);
  const restarted = watched.filter((name) => before.pids[name] !== after.pids[name]);
  return [
    ...times,
    { what: 'asked in vain by the others', quiet: String(failed.quiet), hostile: String(failed.hostile), judged: { goal: '0', holds: failed.hostile === 0 } },
    ...memory,
    { what: 'programs that were started again', quiet: '', hostile: restarted.join(', ') || '0', judged: { goal: '0', holds: restarted.length === 0 } },
    { what: 'epoch of the lease', quiet: before.epoch, hostile: after.epoch, judged: { goal: 'the same', holds: before.epoch === after.epoch } },
    { what: 'files kept (acknowledged)', quiet: `${mb(grown.quiet.kept)} (${mb(acknowledged.quiet)})`, hostile: `${mb(grown.hostile.kept)} (${mb(acknowledged.hostile)})`, judged: { goal: '≤ acknowledged', holds: grown.hostile.kept <= acknowledged.hostile } },
    ...(['database', 'beside'] as const).map((part): Line => ({ what: part === 'database' ? 'database grew by' : 'files beside it (logs) grew by', quiet: mb(grown.quiet[part]), hostile: mb(grown.hostile[part]), judged: { goal: `≤ quiet + acknowledged + ${DISK_SLACK / MB} MB`, holds: grown.hostile[part] <= Math.max(0, grown.quiet[part]) + acknowledged.hostile + DISK_SLACK } })),
  ];
}

export const linesTable = (lines: Line[]): string =>
  table([['', 'without', 'with hostile servers', 'goal', 'holds'], ...lines.map(({ what, quiet, hostile, judged: on }) => [what, quiet, hostile, on?.goal ?? '', on ? (on.holds ? 'yes' : 'no') : ''])]);

/** How the hostile servers ended, by kind. */
export function turnedTable(turned: Turned[]): string {
  const of = kinds.map((kind) => turned.filter((one) => one.kind === kind));
  const rows = of.flatMap((all, n) => {
    if (all.length === 0) return [];
    const by = Object.entries(Object.groupBy(all, ({ ended }) => ended)).map(([ended, some]) => `${ended} ${some!.length} (after ${percentile(some!.map(({ afterS }) => afterS), 50)} s)`);
    return [[kinds[n]!, String(all.length), by.join(', ')]];
  });
  return table([['hostile', 'servers', 'ended'], ...rows]);
}
