import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingForCluster } from '../cluster/missing.ts';
import { prepareCluster } from '../cluster/cluster.ts';
import { cacheDir } from '../cluster/kept.ts';
import { makeProgress, type Progress } from '../progress.mjs';
import { startPostgres } from '../postgres.ts';
import { run } from '../run.mjs';
import { add, oneFailed, onePassed, oneSkipped, tallyPlaywright, tallyVitest, type PlaywrightReport, type Tally, type VitestReport } from './tally.ts';

const root = join(import.meta.dirname, '../..');
const bin = (path: string) => join(root, 'node_modules', path);
const minutes = (n: number) => n * 60_000;

/** One part of the tests. It ends by itself: what takes longer than its limit is killed and counts as failed. */
export type Stage = { name: string; run: (timeLeftMs: number) => Promise<Tally> };

/** A program that is one test: it passes when it ends well. */
const checker = (name: string, args: string[], limitMs: number): Stage => ({
  name,
  async run(timeLeftMs) {
    const { code, late } = await run(process.execPath, args, { cwd: root, timeoutMs: Math.min(limitMs, timeLeftMs), onChunk: (text) => process.stdout.write(text) });
    return code === 0 ? onePassed : oneFailed(late ? `${name}: ran out of time` : `${name}: see its output above`);
  },
});

/** A test runner that writes a JSON report. An exit code that no failed test explains is a failure of its own. */
const runner = <Report>(name: string, limitMs: number, args: (report: string) => string[], tally: (report: Report) => Tally, env: (report: string) => NodeJS.ProcessEnv, within = (command: string[]) => command): Stage => ({
  name,
  async run(timeLeftMs) {
    const folder = mkdtempSync(join(tmpdir(), 'lectern-report-'));
    const file = join(folder, 'report.json');
    try {
      const [command, ...rest] = within([process.execPath, ...args(file)]);
      const { code, late } = await run(command!, rest, { cwd: root, env: env(file), timeoutMs: Math.min(limitMs, timeLeftMs), onChunk: (text) => process.stdout.write(text) });
      const found = existsSync(file) ? tally(JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined;
      if (!found) return oneFailed(`${name}: ${late ? 'ran out of time' : `ended with exit code ${code} and no report`}`);
      return code !== 0 && found.failures.length === 0 ? add(found, oneFailed(`${name}: ended with exit code ${code}, see its output above`)) : found;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

const vitest = (name: string, project: string, limitMs: number, only: string[] = [], more: NodeJS.ProcessEnv = process.env, within?: (command: string[]) => string[]) =>
  runner<VitestReport>(
    name,
    limitMs,
    (report) => [bin('vitest/vitest.mjs'), 'run', '--project', project, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`, ...only],
    (report) => tallyVitest(report, root),
    () => ({ ...more, NO_COLOR: '1' }),
    within,
  );

export const types = checker('types', [bin('typescript/bin/tsc'), '--noEmit', '-p', '.'], minutes(5));
export const lint = checker('lint', [bin('eslint/bin/eslint.js'), '--cache', '--cache-location', join(root, 'node_modules/.cache/eslint/'), '.'], minutes(5));
export const unit = vitest('unit', 'unit', minutes(5));
export const integration = vitest('integration', 'integration', minutes(30));
/** `up` in the awkward ways: minutes each, so only .ci/run asks for it. */
export const awkward = vitest('up', 'awkward', minutes(25));

const playwright = (name: string, limitMs: number, only: string[] = [], more: NodeJS.ProcessEnv = process.env, within?: (command: string[]) => string[]) =>
  runner<PlaywrightReport>(
    name,
    limitMs,
    () => [bin('@playwright/test/cli.js'), 'test', ...only],
    tallyPlaywright,
    (report) => ({ ...more, LECTERN_E2E_REPORT: report, NO_COLOR: '1' }),
    within,
  );

export const browser = playwright('browser', minutes(35));

/** The tests of everything that speaks SQL once more, against the PostgreSQL of the machine instead of the embedded one. */
export const outsidePostgres: Stage = {
  name: 'outside PostgreSQL',
  async run(timeLeftMs) {
    const programs = systemPostgres();
    if (!programs) return oneSkipped('outside PostgreSQL: none is installed (/usr/lib/postgresql/*/bin)');
    const folder = mkdtempSync(join(tmpdir(), 'lectern-outside-pg-'));
    try {
      const postgres = await startPostgres(folder, { programs, settings: ['fsync=off', 'max_connections=300'] });
      try {
        return await vitest('outside PostgreSQL', 'integration', minutes(10), ['lib/adapters/postgres', 'lib/web', 'lib/controller'], { ...process.env, LECTERN_TEST_DATABASE_URL: postgres.url('postgres') }).run(timeLeftMs);
      } finally {
        await postgres.stop();
      }
    } catch (error) {
      return oneFailed(`outside PostgreSQL: ${(error as Error).message}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Lectern as it is deployed: its image in the pods of an overlay, in a cluster of its own, and learners' browsers there. `only` are files of k8s/deployment. */
export const deployment = (only: string[] = []): Stage => ({
  name: 'deployment',
  async run(timeLeftMs) {
    const began = Date.now();
    if (process.env.LECTERN_TEST_KUBECONFIG) return oneSkipped('deployment: an outside cluster has no image of this tree');
    const missing = await missingForCluster('node');
    if (missing) return oneSkipped(`deployment: ${missing}`);
    mkdirSync(cacheDir(), { recursive: true });
    const site = mkdtempSync(join(cacheDir(), 'site-'));
    try {
      const cluster = await prepareCluster('node', makeProgress(), { site });
      const env: NodeJS.ProcessEnv = { ...process.env, KUBECONFIG: undefined, ...cluster.env, KEEP_LOGS: join(root, '.lectern/logs/deployment') };
      return await playwright('deployment', minutes(20), ['--config', join(root, 'k8s/deployment/playwright.config.ts'), ...only], env, cluster.within).run(timeLeftMs - (Date.now() - began));
    } catch (error) {
      return oneFailed(`deployment: ${(error as Error).message}`);
    } finally {
      rmSync(site, { recursive: true, force: true });
    }
  },
});

/** The load test, small: it ends well where nothing was refused, failed, was made twice or left over. How long it takes is for the large one. */
export const load: Stage = {
  name: 'load',
  async run(timeLeftMs) {
    if (process.env.LECTERN_TEST_KUBECONFIG) return oneSkipped('load: an outside cluster has no simulated nodes');
    const missing = await missingForCluster('kwok');
    if (missing) return oneSkipped(`load: ${missing}`);
    return checker('load', [join(root, 'scripts/load/main.ts'), '--spawner', 'kubernetes', '--small'], minutes(12)).run(timeLeftMs);
  },
};

/**
 * What needs a real Kubernetes: a cluster of this machine that is there for these tests only, or the outside one that
 * LECTERN_TEST_KUBECONFIG names. `only` are files, as vitest takes them.
 */
export const kubernetes = (only: string[] = []): Stage => ({
  name: 'kubernetes',
  async run(timeLeftMs) {
    const began = Date.now();
    // Whatever cluster a person works with, tests do not touch it.
    const env: NodeJS.ProcessEnv = { ...process.env, KUBECONFIG: undefined };
    const tests = (more: Record<string, string>, within?: (command: string[]) => string[]) => vitest('kubernetes', 'k8s', minutes(30), only, { ...env, ...more }, within).run(timeLeftMs - (Date.now() - began));
    if (env.LECTERN_TEST_KUBECONFIG) return tests({});
    const missing = await missingForCluster('node');
    if (missing) return oneSkipped(`kubernetes: ${missing}`);
    try {
      const cluster = await prepareCluster('node', makeProgress());
      return await tests({ ...cluster.env, KEEP_LOGS: join(root, '.lectern/logs/cluster') }, cluster.within);
    } catch (error) {
      return oneFailed(`kubernetes: ${(error as Error).message}`);
    }
  },
});

function systemPostgres(): string | undefined {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return undefined;
  const newest = readdirSync(base).map(Number).filter((major) => major >= 15).sort((a, b) => b - a)[0];
  const programs = join(base, String(newest), 'bin');
  return newest && existsSync(join(programs, 'initdb')) ? programs : undefined;
}

/** Runs the stages in turn and tells what came of each. All of them together get `limitMs`. */
export async function runStages(stages: Stage[], progress: Progress, limitMs: number): Promise<Tally> {
  const deadline = Date.now() + limitMs;
  let sum: Tally = { passed: 0, failures: [], skips: [] };
  for (const stage of stages) {
    const began = Date.now();
    progress.line(`\n== ${stage.name}`);
    const left = deadline - began;
    const tally = left > 0 ? await stage.run(left) : oneFailed(`${stage.name}: no time was left for it`);
    sum = add(sum, tally);
    progress.line(`== ${stage.name}: ${tally.passed} passed, ${tally.failures.length} failed, ${tally.skips.length} skipped, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
  return sum;
}
