import { kubectl } from '../cluster/commands.ts';
import { Watch } from '../cluster/sane.ts';
import { settings } from '../cluster/settings.ts';
import { expect, test } from '../cluster/test.ts';

/** Enough that some of them are told to move when there is a third server. */
const PEOPLE = 10;
/** Somebody's hello may be on its way to the other server in the very moment: it is not answered any more. */
const IN_FLIGHT = 1;

const redis = `${settings.release}-redis`;

/** Cuts all connections to Redis, and lets nobody connect. What Redis has stays. */
async function cutOff(): Promise<void> {
  const nobody = [{ op: 'add', path: '/spec/selector/nobody', value: 'has-this' }];
  await kubectl('patch', `service/${redis}`, '--type=json', '--patch', JSON.stringify(nobody));
  const commands = async (...words: string[]): Promise<string> =>
    kubectl('exec', `${redis}-0`, '--', 'redis-cli', 'client', ...words);
  // Until the node knows that the Service has nobody behind it, who is cut off comes back a tenth of a second later.
  await expect
    .poll(
      async () => {
        const clients = (await commands('list')).split('\n').filter((client) => client.includes('addr='));
        for (const type of ['normal', 'pubsub']) await commands('kill', 'type', type);
        return clients.filter((client) => !client.includes(' addr=127.0.0.1:'));
      },
      { message: 'those who are connected to Redis', intervals: [1_000] },
    )
    .toEqual([]);
}

async function connect(): Promise<void> {
  const everybody = [{ op: 'remove', path: '/spec/selector/nobody' }];
  await kubectl('patch', `service/${redis}`, '--type=json', '--patch', JSON.stringify(everybody));
}

test('while Redis is away for a minute no server goes and no socket is closed, and what was said comes afterwards', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const watch = await Watch.begin(cluster, startLoad, PEOPLE);
  const crowd = startLoad({ connections: 40, rate: 1, room: 'crowd-without-redis' });
  await cluster.settles(3);
  // The third server gets its share just now: some are told to move, and find no other server.
  await expect.poll(() => cluster.held(), 'servers that send people to others').not.toEqual([]);
  const before = await cluster.readyPods();
  const begin = Date.now();
  await cutOff();
  try {
    await expect.poll(() => cluster.condition('RedisHealthy')).toMatchObject({ status: 'False' });
    // Now fewer servers would do.
    await crowd.end();
    await expect
      .poll(() => cluster.condition('ScalingLimited'))
      .toMatchObject({ status: 'True', reason: 'RedisAway' });
    await expect
      .poll(async () => ({ pods: await cluster.readyPods(), minute: Date.now() - begin > 60_000 }))
      .toEqual({ pods: before, minute: true });
    expect(await cluster.allSessions(), 'those who chat').toBeGreaterThanOrEqual(PEOPLE - IN_FLIGHT);
  } finally {
    await connect();
  }
  await expect.poll(() => cluster.condition('RedisHealthy')).toMatchObject({ status: 'True' });
  await cluster.settles(2);
  const reports = await watch.end({ min: 2, max: 3 });
  const cut = reports.filter((report) => report.cut > 0);
  expect(cut.length, 'people whose connection ended before there was another').toBeLessThanOrEqual(IN_FLIGHT);
});
