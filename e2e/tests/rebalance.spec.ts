import { kill, leader } from '../cluster/operators.ts';
import { Watch } from '../cluster/sane.ts';
import { expect, print, test } from '../cluster/test.ts';

test('new servers get their share, though the operator is killed as soon as it begins to move people', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await cluster.pin(2);
  const crowd = startLoad({ connections: 60, rate: 10, room: 'rebalance' });
  const watch = await Watch.begin(cluster, startLoad);
  await expect.poll(() => cluster.allSessions()).toBe(64);
  const before = await cluster.readyPods();
  try {
    await cluster.pin(4);
    await cluster.settles(4);
    // Nobody comes anew: who is on a new server was moved there.
    await expect
      .poll(
        async () =>
          [...(await cluster.sessions())].some(([pod, count]) => count > 0 && !before.includes(pod)),
        {
          message: 'somebody on a new server',
          intervals: [50],
        },
      )
      .toBe(true);
    const killed = await leader();
    await kill(killed);
    let sessions: number[] = [];
    await expect
      .poll(
        async () => {
          sessions = [...(await cluster.sessions()).values()];
          return sessions.length === 4 && Math.max(...sessions) <= (64 / 4) * 1.1;
        },
        { message: 'no server has more than 1.1 of the average', timeout: 300_000 },
      )
      .toBe(true);
    print('sessions of the four servers', sessions.join(' '));
    expect(await leader()).not.toBe(killed);
  } finally {
    await crowd.end();
    await cluster.unpin();
  }
  await watch.end({ min: 2, max: 4 });
  await cluster.settles(2);
});
