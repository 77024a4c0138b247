import { defineConfig } from '@playwright/test';

import { chromium } from '../web/browser.config.ts';
import { settings } from './cluster/settings.ts';

// Faults that only the node can make, where the node is at hand.
const node =
  settings.localkube === undefined
    ? []
    : [{ name: 'node', testDir: 'tests/node', dependencies: ['install'] }];

// Looks back on all that the others did, so it comes after them.
const rights = settings.whole
  ? [{ name: 'rights', testMatch: 'rights.ts', dependencies: ['chat', ...node.map(({ name }) => name)] }]
  : [];

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
  timeout: 600_000,
  expect: { timeout: 90_000 },
  projects: [
    { name: 'install', testMatch: 'install.ts', teardown: 'uninstall' },
    { name: 'chat', testMatch: 'tests/*.spec.ts', dependencies: ['install'] },
    ...node,
    ...rights,
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
