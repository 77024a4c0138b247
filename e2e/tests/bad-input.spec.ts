import { kubectl, tryApply } from '../cluster/commands.ts';
import { expectNothingLost } from '../cluster/load.ts';
import { expect, test } from '../cluster/test.ts';

function chatServer(spec: object): object {
  return {
    apiVersion: 'hubbub.dev/v1alpha1',
    kind: 'ChatServer',
    metadata: { name: 'wrong' },
    spec: { image: 'hubbub/chat-server:none', redis: { url: 'redis://redis:6379/0' }, ...spec },
  };
}

test('the API server refuses a ChatServer that can not be meant, in words', async () => {
  for (const [spec, words] of [
    [{ scaling: { min: 3, max: 2 } }, 'min must not be greater than max'],
    [{ scaling: { targetConnections: 0 } }, 'spec.scaling.targetConnections'],
    [{ redis: { url: 'http://redis:6379' } }, 'must look like redis://host:6379/0'],
    [{ replicas: -1 }, 'spec.replicas'],
  ] as const) {
    const { ok, said } = await tryApply(chatServer(spec));
    expect(ok, JSON.stringify(spec)).toBe(false);
    expect(said).toContain(words);
  }
});

test('a Redis that is not there is told in a condition, and the servers that run stay as they are', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const before = await cluster.readyPods();
  const { redis } = (await cluster.api.chatServer()).spec;
  const stays = startLoad({ connections: 1, rate: 10, room: 'wrong-redis' });

  await cluster.patch([{ op: 'replace', path: '/spec/redis/url', value: 'redis://nowhere:6379/0' }]);
  try {
    await expect
      .poll(() => cluster.condition('RedisHealthy'), { message: 'a condition that tells' })
      .toMatchObject({ status: 'False', message: expect.stringContaining('Redis') });
    expect(await cluster.readyPods()).toEqual(expect.arrayContaining(before));
  } finally {
    await cluster.patch([{ op: 'replace', path: '/spec/redis/url', value: redis.url }]);
  }
  await cluster.settles(2);
  await expect.poll(() => cluster.condition('RedisHealthy')).toMatchObject({ status: 'True' });
  expect((await cluster.readyPods()).sort()).toEqual(before.sort());
  expectNothingLost('one who stays', await stays.stop());
});

test('a ChatServer whose image does not exist says so and leaves others alone', async ({ cluster }) => {
  await cluster.settles(2);
  const before = await cluster.readyPods();
  expect((await tryApply(chatServer({}))).ok).toBe(true);
  await expect
    .poll(() => cluster.condition('Available', 'wrong'))
    .toMatchObject({ status: 'False', message: '0 of 1 servers take sessions' });
  await expect
    .poll(() => cluster.condition('Progressing', 'wrong'))
    .toMatchObject({ message: expect.stringMatching(/(ErrImagePull|ImagePullBackOff): .*chat-server:none/) });
  await kubectl('delete', 'chatserver/wrong', '--wait');
  await expect
    .poll(() => kubectl('get', 'pods', '--selector=app.kubernetes.io/instance=wrong', '--output=name'))
    .toBe('');
  expect(await cluster.readyPods()).toEqual(before);
});
