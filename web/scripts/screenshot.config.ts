import { defineConfig } from '@playwright/test';

import { chromium } from '../browser.config';

export default defineConfig({
  testDir: '.',
  testMatch: 'screenshot.ts',
  reporter: [['line']],
  timeout: 90_000,
  use: { browserName: 'chromium', locale: 'en-GB', launchOptions: chromium },
});
