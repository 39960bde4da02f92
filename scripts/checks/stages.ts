import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingForCluster } from '../cluster/missing.ts';
import { prepareCluster } from '../cluster/cluster.ts';
import { cacheDir } from '../cluster/kept.ts';
import { makeProgress } from '../progress.mjs';
import { startPostgres } from '../postgres.ts';
import { bin, checker, onePlaywright, oneVitest, playwright, root, vitest, type Stage } from './runners.ts';
import { oneFailed, oneSkipped } from './tally.ts';

const minutes = (n: number) => n * 60_000;

// Without what either remembers of an earlier run: that would be its conclusions.
export const types = checker('types', [bin('typescript/bin/tsc'), '--noEmit', '--incremental', 'false', '-p', '.'], minutes(5));
export const lint = checker('lint', [bin('eslint/bin/eslint.js'), '.'], minutes(5));
export const unit = vitest('unit', 'unit', minutes(5));
export const integration = vitest('integration', 'integration', minutes(30));
/** `up` in the awkward ways: minutes each, so only .ci/run asks for it. */
export const awkward = vitest('up', 'awkward', minutes(25));

const journeys = (only: string[] = []) => playwright('browser', minutes(35), only);
export const browser: Stage = { ...journeys(), alone: (test) => journeys(onePlaywright(test)) };

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
        return await vitest('outside PostgreSQL', 'integration', minutes(10), ['lib/adapters/postgres', 'lib/web', 'lib/controller'], { env: { ...process.env, LECTERN_TEST_DATABASE_URL: postgres.url('postgres') } }).run(timeLeftMs);
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
export const deployment = (only: string[] = []): Stage => ({ ...deployed(only), alone: (test) => deployed(onePlaywright(test)) });

const deployed = (only: string[]): Stage => ({
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
      return await playwright('deployment', minutes(20), ['--config', join(root, 'k8s/deployment/playwright.config.ts'), ...only], { env, within: cluster.within }).run(timeLeftMs - (Date.now() - began));
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
export const kubernetes = (only: string[] = []): Stage => ({ ...inCluster(only), alone: (test) => inCluster(oneVitest(test)) });

const inCluster = (only: string[]): Stage => ({
  name: 'kubernetes',
  async run(timeLeftMs) {
    const began = Date.now();
    // Whatever cluster a person works with, tests do not touch it.
    const env: NodeJS.ProcessEnv = { ...process.env, KUBECONFIG: undefined };
    const tests = (more: Record<string, string>, within?: (command: string[]) => string[]) => vitest('kubernetes', 'k8s', minutes(30), only, { env: { ...env, ...more }, within }).run(timeLeftMs - (Date.now() - began));
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
