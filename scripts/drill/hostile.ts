import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from '../../e2e/stack.ts';
import { between } from '../markdown.ts';
import { explain, makeProgress, type Progress } from '../progress.mjs';
import { randomFrom } from '../testing/random.ts';
import { pause } from './browser.ts';
import { look, type Held } from './class-figures.ts';
import { makeDoor } from './door.ts';
import { disk, growth, judged, linesTable, phases, programs, standing, turnedTable, type Action, type Disk, type HostileReport, type Phase } from './hostile-figures.ts';
import { kinds, type Kind } from './hostile-kinds.ts';
import { beStranger, OUTLIVED } from './hostile-stranger.ts';
import { workAlong } from './hostile-worker.ts';
import { enrolLearners, hubOf } from './people.ts';

export type HostileOptions = { learners: number; strangers: number; /** With hostile servers, and as long again without. */ minutes: number; thinkMs: number; turnMs: number; /** Of the hostile servers, by turns; all where none is named. */ only?: Kind[]; seed?: number; signal?: AbortSignal };

export const wholeDrill: HostileOptions = { learners: 40, strangers: 4, minutes: 10, thinkMs: 5_000, turnMs: 120_000 };
export const shortDrill: HostileOptions = { learners: 10, strangers: 2, minutes: 1, thinkMs: 1_500, turnMs: 120_000 };

/** Each kind of phase comes so often, by turns: what a machine does beside meets both. */
const TIMES = 2;
/** Servers that were ended leave, collectors run. */
const REST_MS = 10_000;
const LOOK_MS = 1_000;

const eachAction = (): Record<Action, number[]> => ({ 'click to output': [], save: [], cell: [] });
const nothing = (): Disk => ({ database: 0, beside: 0, kept: 0 });
const memoryOf = (held: Held) => ({ web: held.web.rssMb, gateway: held.gateway.rssMb, controller: held.controller.rssMb });

/** Learners work in a whole site of its own while some of them have servers that somebody took over, and while nobody has. */
export async function drillHostile({ learners: count, strangers, minutes, thinkMs, turnMs, only = [...kinds], seed = randomInt(1, 2 ** 31), signal }: HostileOptions, progress: Progress): Promise<HostileReport> {
  progress.line(`  --seed ${seed}`);
  const random = randomFrom(seed);
  const stack = await progress.step('Starting Lectern', () => startStack({ LECTERN_POOL_FLOOR: '0', LECTERN_MAX_SERVERS: String(count + 2 * strangers), LECTERN_LOG_LEVEL: 'warn' }));
  const door = makeDoor(stack.site);
  const watched = hubOf(stack);
  const { database } = watched.hub;
  const done = new AbortController();
  const report: HostileReport = {
    seed, learners: count, strangers, minutes,
    took: { quiet: eachAction(), hostile: eachAction() },
    failed: { quiet: 0, hostile: 0 },
    peakMb: { quiet: { web: 0, gateway: 0, controller: 0 }, hostile: { web: 0, gateway: 0, controller: 0 } },
    restMb: [memoryOf(await look(stack.stateDir, database)), { web: 0, gateway: 0, controller: 0 }],
    standing: [await standing(stack.stateDir, database), { pids: {}, epoch: '' }],
    grown: { quiet: nothing(), hostile: nothing() },
    acknowledged: { quiet: 0, hostile: 0 },
    turned: [],
  };
  /** None between two phases: the others rest too. */
  let now: Phase | undefined;
  try {
    const everybody = await enrolLearners(watched, count);
    const [others, marked] = [everybody.slice(strangers), everybody.slice(0, strangers)];
    const note = (phase: Phase, action: Action, took: number | undefined, acknowledged: number) => {
      report.acknowledged[phase] += acknowledged;
      if (took === undefined) report.failed[phase] += 1;
      else report.took[phase][action].push(took);
    };
    const isStopped = () => done.signal.aborted || signal?.aborted === true;
    const ready = others.map(() => Promise.withResolvers<undefined>());
    const working = others.map((learner, n) => workAlong(door, learner, { random: randomFrom(Math.floor(random() * 2 ** 31)), thinkMs, isOver: isStopped, phase: () => now, note, onReady: () => ready[n]!.resolve(undefined) }));
    await progress.step(`${others.length} learners go in`, () => Promise.race([Promise.all(ready.map(({ promise }) => promise)), ...working]));
    await pause(REST_MS);

    let placed = 0;
    const phaseMs = (minutes * 60_000) / TIMES;
    for (let n = 0; n < TIMES * phases.length && !isStopped(); n += 1) {
      const phase = phases[n % phases.length]!;
      const before = await disk(stack.stateDir, database);
      if (n === 1) report.restMb[0] = memoryOf(await look(stack.stateDir, database));
      await progress.step(`${phase} (${Math.floor(n / phases.length) + 1} of ${TIMES})`, async (tell) => {
        now = phase;
        const until = performance.now() + phaseMs;
        const isOver = () => isStopped() || performance.now() > until;
        const strange = phase === 'quiet' ? [] : marked.map((learner) =>
          beStranger(learner, { door, watched, stateDir: stack.stateDir, nextKind: () => only[placed++ % only.length]!, turnMs, isOver, note: (turned) => { report.turned.push(turned); progress.line(`    ${turned.kind}: ${turned.ended} after ${turned.afterS} s`); }, acknowledge: (bytes) => (report.acknowledged.hostile += bytes) }));
        while (!isOver()) {
          const held = memoryOf(await look(stack.stateDir, database));
          for (const name of programs) report.peakMb[phase][name] = Math.max(report.peakMb[phase][name], held[name]);
          tell(programs.map((name) => `${name} ${held[name]} MB`).join(', '));
          await pause(LOOK_MS);
        }
        now = undefined;
        await Promise.all(strange);
      });
      await pause(REST_MS);
      report.grown[phase] = growth(before, await disk(stack.stateDir, database), report.grown[phase]);
    }
    report.restMb[1] = memoryOf(await look(stack.stateDir, database));
    report.standing[1] = await standing(stack.stateDir, database);
    done.abort();
    await Promise.all(working);
    return report;
  } finally {
    done.abort();
    await door.close();
    await watched.hub.close();
    await stack.stop();
  }
}

export const hostileText = (report: HostileReport): string =>
  `${report.learners} learners, ${report.strangers} of them with hostile servers for ${report.minutes} minutes, and as long without; seed ${report.seed}.\n\n${linesTable(judged(report))}\n\n${turnedTable(report.turned)}`;

/** @returns what does not hold. In a short run only what a busy machine does not touch, and that each hostile server's end has a cause. */
export function broken(report: HostileReport, isShort: boolean): string[] {
  const lines = judged(report).filter(({ judged: on }) => on && !on.holds && !(isShort && on.noisy));
  const endless = report.turned.filter(({ kind, ended }) => ended === OUTLIVED && mustEnd.has(kind));
  return [...lines.map(({ what }) => what), ...(isShort ? [] : endless.map(({ kind }) => `${kind}: was not ended`)), ...(report.turned.length === 0 ? ['no server was hostile'] : [])];
}

/** Of these every answer breaks what a server of ours promises. */
const mustEnd = new Set<string>(['endless', 'malformed', 'quick to die', 'huge', 'silent']);

function writeReadme(text: string): void {
  const readme = join(import.meta.dirname, '../../README.md');
  writeFileSync(readme, between(readFileSync(readme, 'utf8'), ['<!-- drill: written by `npm run drill -- --write` -->', '<!-- drill end -->'], text));
}

/** @returns the exit code */
export async function hostileDrill(args: string[]): Promise<number> {
  const progress = makeProgress();
  try {
    const { values } = parseArgs({ args, options: { minutes: { type: 'string' }, learners: { type: 'string' }, strangers: { type: 'string' }, kinds: { type: 'string' }, seed: { type: 'string' }, short: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } } });
    const { short, write, kinds: named, ...given } = values;
    const only = kinds.filter((kind) => named?.split(',').includes(kind));
    const interrupted = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
    const numbers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Number(value)]));
    const report = await drillHostile({ ...(short ? shortDrill : wholeDrill), ...numbers, ...(only.length > 0 && { only }), ...(numbers.learners && !numbers.strangers && { strangers: Math.max(1, Math.round(numbers.learners / 10)) }), signal: interrupted.signal }, progress);
    const text = hostileText(report);
    progress.line(`\n${text}\n`);
    if (write) writeReadme(text);
    const missed = broken(report, short);
    for (const what of missed) progress.warn(`does not hold: ${what}`);
    return missed.length === 0 && !interrupted.signal.aborted ? 0 : 1;
  } catch (error) {
    process.stderr.write(explain(error));
    return 1;
  }
}
