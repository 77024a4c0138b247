import { kill, leader, operators, runOperators } from '../cluster/operators.ts';
import { Watch } from '../cluster/sane.ts';
import { expect, test } from '../cluster/test.ts';

test('when the operator that acts is killed another one goes on', async ({ cluster, startLoad }) => {
  await cluster.settles(2);
  await runOperators(2);
  const watch = await Watch.begin(cluster, startLoad);
  try {
    const killed = await leader();
    const other = (await operators()).find((name) => name !== killed);
    await kill(killed);
    await cluster.pin(3);
    await cluster.settles(3);
    // The one that waited, or the one that came in place of the killed one: each may take a Lease that is free.
    expect(await operators()).toContain(await leader());
    expect(other).toBeDefined();
  } finally {
    await cluster.unpin();
    await runOperators(1);
  }
  await cluster.settles(2);
  await watch.end({ min: 2, max: 3 });
});
