import { total } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/commands.ts';
import { expectNothingLost } from '../cluster/load.ts';
import { settings } from '../cluster/settings.ts';
import { expect, print, test } from '../cluster/test.ts';

const CLIENTS = 5_000;
/** Each of two servers has let its half in after 12 s, and the clients, which are one process here, can keep up. */
const ADMISSIONS = '200/s+200';

test('all servers are killed at once, and five thousand clients come back in turn and miss nothing', async ({
  cluster,
  startLoad,
}) => {
  const change = async (spec: object): Promise<void> => {
    const before = await cluster.readyPods();
    const patch = JSON.stringify({ spec });
    await kubectl('patch', `chatserver/${settings.release}`, '--type=merge', '--patch', patch);
    await expect
      .poll(async () => (await cluster.readyPods()).filter((pod) => before.includes(pod)), {
        message: 'servers with the new configuration',
        timeout: 180_000,
      })
      .toEqual([]);
    await cluster.settles(2);
  };
  await cluster.settles(2);
  // The release wants a server for each 20 connections: the size is not what this is about.
  await change({ replicas: 2, server: { rates: { admissions: ADMISSIONS } } });

  const load = startLoad({ connections: CLIENTS, rate: 50, room: 'storm', rooms: 100, ramp: 150 });
  await expect.poll(async () => total(await cluster.sessions()), { timeout: 180_000 }).toBe(CLIENTS);

  const servers = await cluster.readyPods();
  await kubectl('delete', 'pod', ...servers, '--grace-period=0', '--force');
  await expect
    .poll(
      async () => {
        const ready = await cluster.readyPods();
        return ready.length === 2 && !ready.some((pod) => servers.includes(pod));
      },
      { intervals: [250] },
    )
    .toBe(true);
  const there = Date.now();
  await expect
    .poll(async () => total(await cluster.sessions()), { intervals: [250], timeout: 180_000 })
    .toBe(CLIENTS);
  print('from the return of the servers until all clients were back', `${Date.now() - there} ms of 30000`);

  const report = await load.stop();
  print('refused on the way', `${report.refused}`);
  expectNothingLost('five thousand', report);
  expect(report.reconnects).toBeGreaterThanOrEqual(CLIENTS);
  expect(report.refused).toBeGreaterThan(0);
  await change({ replicas: null, server: { rates: null } });
});
