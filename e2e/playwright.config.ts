import { defineConfig } from '@playwright/test';

import { chromium } from '../web/browser.config.ts';
import { settings } from './cluster/settings.ts';

// One release on one cluster, so one test at a time. It is installed before all others and uninstalled after them,
// whether they passed or not.
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/tests',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  timeout: 180_000,
  expect: { timeout: 30_000 },
  projects: [
    { name: 'install', testMatch: 'install.ts', teardown: 'uninstall' },
    { name: 'chat', testMatch: '*.spec.ts', dependencies: ['install'] },
    { name: 'uninstall', testMatch: 'uninstall.ts' },
  ],
  use: {
    browserName: 'chromium',
    headless: true,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: settings.chromium,
      args: [...chromium.args, `--host-resolver-rules=MAP ${settings.host} ${settings.ingress.hostname}`],
    },
  },
});
