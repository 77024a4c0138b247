import { kubectl, upgrade } from '../cluster/commands.ts';
import { settings } from '../cluster/settings.ts';
import { expect, test } from '../cluster/test.ts';

test('an Ingress that is no longer wanted goes, and comes back when it is wanted again', async ({
  cluster,
}) => {
  await cluster.settles(2);
  const before = await cluster.readyPods();
  const ingress = (): Promise<string> =>
    kubectl('get', 'ingresses', '--output=jsonpath={.items[*].metadata.name}');
  await upgrade('ingress.enabled=false');
  try {
    await expect.poll(ingress).toBe('');
  } finally {
    await upgrade();
  }
  await expect.poll(ingress).toBe(settings.release);
  await expect
    .poll(
      async () => (await fetch(new URL('/config.json', settings.ingress))).status,
      'chat through the Ingress',
    )
    .toBe(200);
  expect(await cluster.readyPods(), 'no server was replaced for it').toEqual(before);
});
