import { upgrade } from '../cluster/commands.ts';
import { expect, test } from '../cluster/test.ts';

test('an operator that looks after all namespaces does the same, with a ClusterRole', async ({ cluster }) => {
  await cluster.settles(2);
  await upgrade('operator.watchAllNamespaces=true');
  try {
    await cluster.pin(3);
    await cluster.settles(3);
    await cluster.unpin();
    await expect.poll(async () => (await cluster.status()).owner).toBe('Operator');
    await cluster.settles(2);
  } finally {
    await upgrade();
  }
  await cluster.settles(2);
});
