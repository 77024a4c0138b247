import { evict, kubectl } from '../cluster/commands.ts';
import { expectNothingLost } from '../cluster/load.ts';
import { keepMoves } from '../cluster/moves.ts';
import { expect, test } from '../cluster/test.ts';

const endings = [
  { how: 'a `kubectl delete pod`', end: (pod: string) => kubectl('delete', `pod/${pod}`, '--wait=false') },
  { how: 'an eviction, as by `kubectl drain`', end: evict },
];

for (const [index, { how, end }] of endings.entries()) {
  test(`after ${how} a server sends its people to the others first, and nobody loses anything`, async ({
    cluster,
    startLoad,
  }) => {
    await cluster.settles(2);
    // Some on each server: that one of two gets none of sixteen is one in 2^15.
    const stays = startLoad({ connections: 16, rate: 16, room: `leaves-${index}` });
    await expect.poll(() => cluster.allSessions()).toBe(16);
    await expect.poll(() => cluster.serversInUse()).toBe(2);
    const [leaver = ''] = await cluster.readyPods();
    const people = (await cluster.api.sessions(leaver)) ?? 0;
    expect(people).toBeGreaterThan(0);
    await end(leaver);
    await expect
      .poll(async () => (await cluster.api.pods()).map(({ metadata }) => metadata.name), {
        message: 'servers',
        timeout: 90_000,
      })
      .not.toContain(leaver);
    await cluster.settles(2);
    await expect.poll(() => cluster.allSessions()).toBe(16);
    const report = await stays.stop();
    expectNothingLost('those who stay', report);
    expect(report.reconnects).toBeGreaterThanOrEqual(people);
    expect(report.cut, 'those whose connection ended first').toBeLessThan(people);
    await keepMoves(how, [report]);
  });
}
