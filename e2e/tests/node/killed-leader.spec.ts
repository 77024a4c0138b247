import { writers } from '../../cluster/audit.ts';
import { signal } from '../../cluster/node.ts';
import { leader, operators, runOperators } from '../../cluster/operators.ts';
import { Watch } from '../../cluster/sane.ts';
import { expect, print, test } from '../../cluster/test.ts';

test('an operator whose process is killed keeps its Lease when it is back in time, and one alone acts', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await runOperators(2);
  const watch = await Watch.begin(cluster, startLoad);
  try {
    const killed = await leader();
    expect(await operators()).toHaveLength(2);
    const begin = Date.now();
    await signal('KILL', { pod: killed });
    await cluster.pin(4);
    await expect
      .poll(async () => (await cluster.api.deployment()).spec.replicas, {
        message: 'a decision',
        intervals: [100],
      })
      .toBe(4);
    const seconds = (Date.now() - begin) / 1000;
    const now = await leader();
    print('without an operator that acts', `${seconds.toFixed(1)} s`);
    print(
      'the Lease',
      now === killed ? 'was kept: its container was started again' : 'went to the other one',
    );
    // Whoever is not back within the term (15 s) loses it to the other one, which looks each 2 s.
    expect(seconds).toBeLessThan(30);
    await cluster.settles(4);
    expect(await writers(begin)).toEqual([now]);
    expect(await leader()).toBe(now);
  } finally {
    await cluster.unpin();
    await runOperators(1);
  }
  await cluster.settles(2);
  await watch.end({ min: 2, max: 4 });
});
