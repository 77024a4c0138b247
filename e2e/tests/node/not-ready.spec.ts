import { kubectl } from '../../cluster/commands.ts';
import { signal } from '../../cluster/node.ts';
import { Watch } from '../../cluster/sane.ts';
import { expect, test } from '../../cluster/test.ts';

const kubelet = { component: 'kubelet' };

/** What the control plane says of the only node. */
function ready(): Promise<string> {
  return kubectl(
    'get',
    'nodes',
    '--output=jsonpath={.items[0].status.conditions[?(@.type=="Ready")].status}',
  );
}

test('while the node is not ready those who chat go on, and nothing grows or shrinks for it', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const watch = await Watch.begin(cluster, startLoad);
  const names = async (): Promise<string[]> =>
    (await cluster.api.pods()).map(({ metadata }) => metadata.name);
  const before = await names();
  await signal('STOP', kubelet);
  try {
    await expect.poll(ready, { message: 'the node', timeout: 180_000 }).toBe('Unknown');
    await expect.poll(() => cluster.condition('Available')).toMatchObject({ status: 'False' });
    expect(await names()).toEqual(before);
  } finally {
    await signal('CONT', kubelet);
  }
  await expect.poll(ready, 'the node').toBe('True');
  await cluster.settles(2);
  expect(await names(), 'the servers of before').toEqual(before);
  await watch.end({ min: 2, max: 2 });
});
