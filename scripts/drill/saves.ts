import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from '../../e2e/stack.ts';
import { table } from '../markdown.ts';
import { explain, makeProgress, type Progress } from '../progress.mjs';
import { randomFrom } from '../testing/random.ts';
import { pause } from './browser.ts';
import { makeDoor } from './door.ts';
import { againWithSmallDisk, fillDisk, smallDisk } from './full-disk.ts';
import { killAtRandom, type Killed } from './kills.ts';
import { enrolLearners, hubOf } from './people.ts';
import { emptyTally, saveByTurns, type Tally } from './saves-learner.ts';
import { findMissing, makeLedger, type Missing, type Way } from './saves-ledger.ts';

export type SavesOptions = { saves: number; learners: number; seed?: number; /** Between two kills, on average. Two cores start no more servers and programs than they lose with this default. */ killEveryMs?: number; thinkMs?: number; withinMs?: number; /** A folder on a disk of its own, on which the site lies and which is full for a while. */ disk?: string; signal?: AbortSignal };

export type SavesReport = { seed: number; saves: number; acknowledged: Record<Way, number>; tally: Tally; killed: Killed; missing: Missing[]; seconds: number; /** The disk was full for so long, and PostgreSQL said so often that it was. */ fullS: number; noSpace: number };

/** The kept past of the first hour is never thinned (lib/core/workspaces/thinning.ts): a drill is over before. */
const WITHIN_MS = 40 * 60_000;
/** PostgreSQL ends over it, and does not start as long as it lasts. */
const FULL_MS = 20_000;
/** Snapshots, put-backs and writes whose writer is gone come to their end. */
const REST_MS = 10_000;

/**
 * Learners of a whole site of its own save through the page and through JupyterLab while its programs, its database and their
 * servers are killed at random. Then each save that was acknowledged is looked for.
 */
export async function drillSaves({ saves, learners: count, seed = randomInt(1, 2 ** 31), killEveryMs = 4_000, thinkMs = 2_500, withinMs = WITHIN_MS, disk, signal }: SavesOptions, progress: Progress): Promise<SavesReport> {
  progress.line(`  --seed ${seed}`);
  const random = randomFrom(seed);
  const stack = await progress.step('Starting Lectern', () => startStack({ LECTERN_POOL_FLOOR: '2', LECTERN_LOG_LEVEL: 'warn' }, { within: disk }));
  const door = makeDoor(stack.site);
  const watched = hubOf(stack);
  try {
    const learners = await enrolLearners(watched, count);
    const ledger = makeLedger(join(stack.stateDir, 'acknowledged.jsonl'));
    const tally = emptyTally();
    const began = performance.now();
    const deadline = began + withinMs;
    let saved = false;
    let fullS = 0;
    const isOver = () => performance.now() > deadline || signal?.aborted === true;
    const shares = learners.map((_, n) => Math.floor(saves / count) + (n < saves % count ? 1 : 0));
    const killed = await progress.step('Saving', async (note) => {
      const showing = setInterval(() => note(`${ledger.acknowledged.length} of ${saves}`), 1_000);
      const filling = disk && fullForAWhile(disk, () => ledger.acknowledged.length > saves / 3, () => saved || isOver()).then((seconds) => (fullS = seconds));
      const killing = killAtRandom({ stateDir: stack.stateDir, random: randomFrom(seed + 1), everyMs: killEveryMs, servers: count, isOver: () => saved || isOver() });
      try {
        await Promise.all(learners.map((learner, n) => saveByTurns(door, learner, { saves: shares[n]!, random: randomFrom(Math.floor(random() * 2 ** 31)), thinkMs, note: ledger.note, tally, isOver })));
      } finally {
        saved = true;
        clearInterval(showing);
      }
      await filling;
      return killing;
    });
    const seconds = Math.round((performance.now() - began) / 1_000);
    const missing = await progress.step('Looking for each save', async () => {
      await pause(REST_MS);
      await untilAnswers(watched.hub.database);
      return findMissing(watched.hub, ledger.acknowledged);
    });
    const by = (way: Way) => ledger.acknowledged.filter((save) => save.way === way).length;
    return { seed, saves, acknowledged: { page: by('page'), lab: by('lab') }, tally, killed, missing, seconds, fullS, noSpace: readFileSync(join(stack.stateDir, 'postgres/log'), 'utf8').split('No space left').length - 1 };
  } finally {
    await door.close();
    await watched.hub.close();
    await stack.stop();
  }
}

/** @returns seconds for which the disk was full */
async function fullForAWhile(disk: string, isTime: () => boolean, isOver: () => boolean): Promise<number> {
  while (!isTime() && !isOver()) await pause(100);
  const began = performance.now();
  const { free } = fillDisk(disk);
  while (performance.now() - began < FULL_MS && !isOver()) await pause(100);
  free();
  return Math.round((performance.now() - began) / 1_000);
}

/** PostgreSQL may have been killed last of all. */
async function untilAnswers(database: { query(sql: string): Promise<unknown> }): Promise<void> {
  for (;;) {
    try {
      await database.query('SELECT 1');
      return;
    } catch {
      await pause(500);
    }
  }
}

/** What of a report says that something is wrong. */
export const isLossless = ({ missing, tally, saves, acknowledged }: SavesReport) => missing.length === 0 && tally.behind.length === 0 && acknowledged.page + acknowledged.lab === saves;

export function savesTable({ seed, saves, acknowledged, tally, killed, missing, seconds, fullS, noSpace }: SavesReport): string {
  return table([
    ['', ''],
    ['saves', `${saves} in ${seconds} s, seed ${seed}`],
    ['acknowledged', `${acknowledged.page} to the page, ${acknowledged.lab} to JupyterLab`],
    ['tried again', `${tally.retried.page} by the page, ${tally.retried.lab} by JupyterLab`],
    ['changed elsewhere', `${tally.merged} merged, ${tally.chosen} chosen`],
    ['killed', Object.entries(killed).map(([name, times]) => `${name} ${times}`).join(', ')],
    ...(fullS ? [['disk full', `${fullS} s; PostgreSQL met that ${noSpace} times`]] : []),
    ['an editor opened without what the other saved', String(tally.behind.length)],
    ['**acknowledged and missing**', `**${missing.length}**`],
  ]);
}

if (import.meta.main) {
  const progress = makeProgress();
  const interrupted = new AbortController();
  try {
    const { values } = parseArgs({ options: { saves: { type: 'string', default: '2000' }, learners: { type: 'string', default: '20' }, seed: { type: 'string' }, 'kill-every-ms': { type: 'string' }, 'full-disk': { type: 'boolean', default: false } } });
    if (values['full-disk'] && !smallDisk()) process.exit(againWithSmallDisk());
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
    const report = await drillSaves({ saves: Number(values.saves), learners: Number(values.learners), ...(values.seed && { seed: Number(values.seed) }), ...(values['kill-every-ms'] && { killEveryMs: Number(values['kill-every-ms']) }), disk: smallDisk(), signal: interrupted.signal }, progress);
    progress.line(`\n${savesTable(report)}`);
    for (const [why, times] of report.tally.refused) progress.line(`  ${why}: ${times}`);
    for (const text of report.tally.behind) progress.warn(text);
    for (const save of report.missing) progress.warn(JSON.stringify(save));
    process.exitCode = isLossless(report) ? 0 : 1;
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = 1;
  }
}
