// Playwright's `test`, with the cluster, and with what a failed test leaves to read.

import { test as base } from '@playwright/test';

import { Api } from './api.ts';
import { Cluster } from './cluster.ts';
import { writeDiagnosis } from './diagnosis.ts';
import { Load, type LoadOptions } from './load.ts';
import { settings } from './settings.ts';

interface TestFixtures {
  diagnosis: undefined;
  /** Starts a load that ends with the test at the latest. */
  startLoad: (options: LoadOptions) => Load;
}

interface WorkerFixtures {
  cluster: Cluster;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  cluster: [
    async ({}, use) => {
      const api = await Api.open();
      await use(new Cluster(api));
      await api.close();
    },
    { scope: 'worker' },
  ],
  diagnosis: [
    async ({}, use, testInfo) => {
      await use(undefined);
      if (testInfo.status === testInfo.expectedStatus) return;
      await writeDiagnosis(`${settings.results}/cluster/${testInfo.title.replace(/\W+/g, '-').slice(0, 60)}`);
    },
    { auto: true },
  ],
  startLoad: async ({}, use) => {
    const loads: Load[] = [];
    await use((options) => {
      const load = Load.start(options);
      loads.push(load);
      return load;
    });
    await Promise.all(loads.map((load) => load.end()));
  },
});

export { expect } from '@playwright/test';

/** Says a measured figure where whoever runs the tests sees it. */
export function print(what: string, figure: string): void {
  console.log(`  ${what}: ${figure}`);
}
