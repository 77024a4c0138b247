import { expect, test } from '../cluster/test.ts';

test('kubectl scale pins the size, and taking the pin away hands it back', async ({ cluster }) => {
  await cluster.settles(2);

  await cluster.pin(3);
  await cluster.settles(3);
  await expect
    .poll(() => cluster.status())
    .toMatchObject({ owner: 'User', replicas: 3, readyReplicas: 3, desiredReplicas: 3 });
  // Two would do for nobody at all, so it is the pin that holds the third.
  expect((await cluster.api.chatServer()).spec.replicas).toBe(3);

  await cluster.unpin();
  await expect.poll(async () => (await cluster.status()).owner).toBe('Operator');
  await cluster.settles(2);
  await expect.poll(() => cluster.status()).toMatchObject({ replicas: 2, readyReplicas: 2 });
});
