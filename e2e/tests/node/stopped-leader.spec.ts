import { writers } from '../../cluster/audit.ts';
import { signal } from '../../cluster/node.ts';
import { leader, runOperators } from '../../cluster/operators.ts';
import { Watch } from '../../cluster/sane.ts';
import { expect, print, test } from '../../cluster/test.ts';

test('an operator that is stopped in the middle of its work is replaced, and writes nothing when it goes on', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await runOperators(2);
  const watch = await Watch.begin(cluster, startLoad);
  const begin = Date.now();
  const stopped = await leader();
  try {
    // In the middle of a shrink, for which it has much to write.
    await cluster.pin(4);
    await cluster.settles(4);
    await cluster.pin(2);
    await expect.poll(async () => (await cluster.status()).draining?.length ?? 0).toBeGreaterThan(0);
    await signal('STOP', { pod: stopped });
    const since = Date.now();
    await expect.poll(leader, 'who leads').not.toBe(stopped);
    print('without an operator that acts', `${((Date.now() - since) / 1000).toFixed(1)} s`);
    await cluster.pin(3);
    await expect.poll(async () => (await cluster.status()).desiredReplicas).toBe(3);
  } finally {
    await signal('CONT', { pod: stopped });
    await cluster.pin(2);
  }
  await cluster.settles(2);
  // One after the other, and not in turns.
  const wrote = await writers(begin);
  expect(wrote).toHaveLength(2);
  expect(wrote[0]).toBe(stopped);
  await cluster.unpin();
  await runOperators(1);
  await cluster.settles(2);
  await watch.end({ min: 2, max: 4 });
});
