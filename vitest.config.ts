import { defineConfig } from 'vitest/config';

const dist = ['node_modules/**', '.next/**', '.lectern/**'];

/**
 * `unit` runs beside the code and touches nothing outside its process. `integration` files end in `.integration.test.ts`
 * and get a real PostgreSQL (see scripts/testing/postgres.setup.ts); real Jupyter servers are started by the files that need them.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{lib,components,scripts,app}/**/*.test.{ts,tsx}'], exclude: [...dist, '**/*.{integration,k8s}.test.ts'] } },
      {
        test: {
          name: 'integration',
          include: ['{lib,scripts}/**/*.integration.test.ts'],
          exclude: dist,
          globalSetup: ['scripts/testing/postgres.setup.ts', 'scripts/testing/python.setup.ts'],
          // Of a machine with two cores on which much else runs. A test ends long before, or not at all.
          testTimeout: 150_000,
          hookTimeout: 240_000,
          maxWorkers: 2,
        },
      },
      // Inside a real cluster, see scripts/checks/stages.ts. `npm run test:k8s -- <files>` runs it.
      {
        test: {
          name: 'k8s',
          include: ['{lib,scripts,k8s}/**/*.k8s.test.ts'],
          exclude: dist,
          globalSetup: ['scripts/testing/cluster.setup.ts', 'scripts/testing/postgres.setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // One file after the other: some break the cluster for a while.
          fileParallelism: false,
        },
      },
      // Whole clones brought up in awkward ways; minutes each. `npm test -- --up` runs it.
      { test: { name: 'awkward', include: ['scripts/**/*.awkward.ts'], exclude: dist, testTimeout: 15 * 60_000, hookTimeout: 10 * 60_000, maxWorkers: 1 } },
    ],
  },
});
