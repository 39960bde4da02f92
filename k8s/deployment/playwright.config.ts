import { defineConfig } from '@playwright/test';
import browsers from '../../playwright.config.ts';

/** Journeys against the site in pods, which global-setup.ts deploys into the cluster this runs in: see `deployment` in scripts/checks/stages.ts. */
export default defineConfig({
  ...browsers,
  testDir: import.meta.dirname,
  globalSetup: './global-setup.ts',
  use: { ...browsers.use, ignoreHTTPSErrors: true },
});
