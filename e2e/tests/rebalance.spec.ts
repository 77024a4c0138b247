import type { Cluster } from '../cluster/cluster.ts';
import { expectNothingLost } from '../cluster/load.ts';
import { keepMoves } from '../cluster/moves.ts';
import { kill, leader, operatorFigure } from '../cluster/operators.ts';
import { Watch } from '../cluster/sane.ts';
import { expect, print, test } from '../cluster/test.ts';

const phases = [
  'it has asked for nothing yet',
  'the moves of a round are under way',
  'all of a round have moved, and the next has not begun',
];

/** The sessions that the servers took since they run. */
async function accepted({ api }: Cluster): Promise<number> {
  const pods = await api.pods();
  const all = await Promise.all(
    pods.map(({ metadata }) => api.figure(metadata.name, 'hubbub_accepted_total')),
  );
  return all.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** How far an operator is with what it asks for from now on, again and again: a place in `phases`. */
async function progress(cluster: Cluster, operator: string): Promise<() => Promise<number>> {
  const shed = async (): Promise<number> => (await operatorFigure(cluster.api, operator, 'shed_total')) ?? 0;
  const shedBefore = await shed();
  let acceptedBefore = 0;
  return async () => {
    // In this order: the first may have moved before it is seen that they were asked, and would count as before.
    const now = await accepted(cluster);
    const asked = (await shed()) - shedBefore;
    if (asked <= 0) {
      acceptedBefore = now;
      return 0;
    }
    return now - acceptedBefore >= asked ? 2 : 1;
  };
}

test('new servers get their share, though the operator is killed in each phase of moving people', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await cluster.pin(2);
  const crowd = startLoad({ connections: 60, rate: 10, room: 'rebalance' });
  const watch = await Watch.begin(cluster, startLoad);
  await expect.poll(() => cluster.allSessions()).toBe(64);
  const mostOf = async (): Promise<number> => {
    const sessions = [...(await cluster.sessions()).values()];
    return sessions.length === 4 ? Math.max(...sessions) : Infinity;
  };
  const even = (64 / 4) * 1.1;
  let acting = await leader();
  let phase = await progress(cluster, acting);
  const killLeader = async (): Promise<void> => {
    await kill(acting);
    await expect.poll(leader, 'another operator').not.toMatch(new RegExp(`^(${acting})?$`));
    acting = await leader();
    phase = await progress(cluster, acting);
  };
  try {
    await cluster.pin(4);
    // Nobody comes anew: whoever a server lets in was moved.
    for (const wanted of [1, 2]) {
      let seen = 0;
      await expect
        .poll(async () => (seen = await phase()), { intervals: [50], message: `phase ${wanted}` })
        .toBeGreaterThanOrEqual(wanted);
      // Who has more than others is out of the Service, and so whoever has to go comes to a server that has fewer.
      print(
        'the operator is killed when',
        `${phases[seen]}, and ${(await cluster.held()).length} servers are held`,
      );
      await killLeader();
    }
    await expect
      .poll(mostOf, { message: 'no server has more than 1.1 of the average', timeout: 300_000 })
      .toBeLessThanOrEqual(even);
    print('the operator is killed when', 'nobody has to move any more');
    await killLeader();
    // Who begins waits for the time of a round, and would move somebody then.
    await expect
      .poll(() => operatorFigure(cluster.api, acting, 'ticks_total'), 'looks of the last operator')
      .toBeGreaterThan(20);
    expect(await phase()).toBe(0);
    expect(await mostOf()).toBeLessThanOrEqual(even);
    expect(await cluster.held(), 'servers that get no sessions').toEqual([]);
    print('sessions of the four servers', [...(await cluster.sessions()).values()].join(' '));
    const report = await crowd.stop();
    expectNothingLost('the crowd', report);
    await keepMoves('a rebalance from two servers to four, the operator killed three times', [report]);
  } finally {
    await crowd.end();
    await cluster.unpin();
  }
  await watch.end({ min: 2, max: 4 });
  await cluster.settles(2);
});
