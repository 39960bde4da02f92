import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, defineConfig } from '@playwright/test';

/** Playwright's own browser where it is installed, else CHROMIUM_PATH, else the system's. */
const system = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path));
const executablePath = existsSync(chromium.executablePath()) ? undefined : system;
const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Browser journeys against the real programs, which e2e/global-setup.ts starts from this tree. */
export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/global-setup.ts',
  // Workers read this file too, and find the folder in their environment.
  outputDir: (process.env.LECTERN_E2E_OUTPUT ??= join(tmpdir(), `lectern-e2e-results-${process.pid}`)),
  // One learner's server is a whole Jupyter: a second worker would only make both slow on two cores.
  workers: 1,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 300_000,
  expect: { timeout: 40_000 },
  reporter: process.env.LECTERN_E2E_REPORT ? [['list'], ['json', { outputFile: process.env.LECTERN_E2E_REPORT }]] : [['list']],
  use: {
    actionTimeout: 40_000,
    navigationTimeout: 60_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath, args: [...quiet, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] },
  },
});
