import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../run.mjs';
import { add, oneFailed, onePassed, tallyPlaywright, tallyVitest, type PlaywrightReport, type Tally, type TestPlace, type VitestReport } from './tally.ts';

export const root = join(import.meta.dirname, '../..');
export const bin = (path: string) => join(root, 'node_modules', path);

/**
 * One part of the tests. It ends by itself: what takes longer than its limit is killed and counts as failed. A stage with
 * `alone` has its failed tests run once more at the end, each as the stage of that test alone.
 */
export type Stage = { name: string; run: (timeLeftMs: number) => Promise<Tally>; alone?: (test: TestPlace) => Stage };

/** A program that is one test: it passes when it ends well. */
export const checker = (name: string, args: string[], limitMs: number): Stage => ({
  name,
  async run(timeLeftMs) {
    const { code, late } = await run(process.execPath, args, { cwd: root, timeoutMs: Math.min(limitMs, timeLeftMs), onChunk: (text) => process.stdout.write(text) });
    return code === 0 ? onePassed : oneFailed(late ? `${name}: ran out of time` : `${name}: see its output above`);
  },
});

/** How a runner is started. @param within the command around its own, which runs it somewhere. @param show takes its output */
export type Where = { env?: NodeJS.ProcessEnv; within?: (command: string[]) => string[]; cwd?: string; show?: (text: string) => void };

type Runner<Report> = { name: string; limitMs: number; args: (report: string) => string[]; tally: (report: Report) => Tally; env: (report: string) => NodeJS.ProcessEnv };

/** What vitest says of errors that belong to no test: its JSON report, and for those of a teardown its exit code, are silent about them. */
const beside = /error during close|Vitest caught \d+ unhandled error|⎯ Failed Suites \d+/;

/** Both runners' when a test failed. */
const FAILED = 1;

/**
 * A test runner that writes a JSON report. Whatever went wrong besides its tests is a failure of its own, whether or not a test
 * failed too: one that passes when it is run again must not take along what was found left behind.
 */
function runner<Report>({ name, limitMs, args, tally, env }: Runner<Report>, { within = (command) => command, cwd = root, show = (text) => process.stdout.write(text) }: Where): Stage {
  const tested = async (timeLeftMs: number, file: string): Promise<Tally> => {
    const [command, ...rest] = within([process.execPath, ...args(file)]);
    let told = false;
    const { code, late } = await run(command!, rest, {
      cwd,
      env: env(file),
      timeoutMs: Math.min(limitMs, timeLeftMs),
      onChunk: show,
      onLine: (line) => (told ||= beside.test(line)),
    });
    const found = existsSync(file) ? tally(JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
    if (!found) return oneFailed(`${name}: ${late ? 'ran out of time' : `ended with exit code ${code} and no report`}`);
    if (found.failures.some(({ test }) => !test)) return found;
    if (late) return add(found, oneFailed(`${name}: did not end in time`));
    const explained = code === 0 || (code === FAILED && found.failures.length > 0);
    if (explained && !told) return found;
    return add(found, oneFailed(`${name}: ended with exit code ${code} for more than its tests, see its output above`));
  };
  return {
    name,
    async run(timeLeftMs) {
      const folder = mkdtempSync(join(tmpdir(), 'lectern-report-'));
      try {
        return await tested(timeLeftMs, join(folder, 'report.json'));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const vitest = (name: string, project: string, limitMs: number, only: string[] = [], where: Where = {}) =>
  runner<VitestReport>(
    {
      name,
      limitMs,
      args: (report) => [bin('vitest/vitest.mjs'), 'run', '--project', project, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`, ...only],
      tally: (report) => tallyVitest(report, where.cwd ?? root),
      env: () => ({ ...(where.env ?? process.env), NO_COLOR: '1' }),
    },
    where,
  );

export const playwright = (name: string, limitMs: number, only: string[] = [], where: Where = {}) =>
  runner<PlaywrightReport>(
    {
      name,
      limitMs,
      args: () => [bin('@playwright/test/cli.js'), 'test', ...only],
      tally: tallyPlaywright,
      env: (report) => ({ ...(where.env ?? process.env), LECTERN_E2E_REPORT: report, NO_COLOR: '1' }),
    },
    where,
  );

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Arguments that choose this test and no other. */
export const oneVitest = ({ file, title }: TestPlace) => [file, '-t', `^${literally(title)}$`];

/** As above. Playwright's filter sees the file before the title; between slashes its words are taken as they are spelled. */
export const onePlaywright = ({ file, title }: TestPlace) => [`/\\/${literally(file)}$/`, '--grep', `/^ *${literally(file)} ${literally(title)}$/`];
