import { defineConfig } from '@playwright/test';

import { chromium } from './browser.config';

export default defineConfig({
  testDir: 'e2e',
  forbidOnly: true,
  workers: 2,
  reporter: [['list']],
  timeout: 90_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    locale: 'en-US',
    launchOptions: chromium,
    trace: 'retain-on-failure',
  },
  projects: [
    {
      name: 'phone 360',
      use: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
    },
    { name: 'desktop 1440', use: { viewport: { width: 1440, height: 900 } } },
  ],
});
