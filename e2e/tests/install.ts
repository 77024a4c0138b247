import { kubectl, tryInstall, tryKubectl } from '../cluster/commands.ts';
import { inventory, keepInventory } from '../cluster/inventory.ts';
import { settings } from '../cluster/settings.ts';
import { expect, print, test } from '../cluster/test.ts';

test.beforeAll('a namespace where nothing is', async () => {
  // What a run that was killed has left.
  await kubectl('delete', 'namespace', settings.namespace, '--ignore-not-found', '--timeout=120s');
  await kubectl('create', 'namespace', settings.namespace);
  // No pod gets in that runs as root or asks for more than it should.
  await kubectl('label', 'namespace', settings.namespace, 'pod-security.kubernetes.io/enforce=restricted');
  // What Kubernetes itself puts into each namespace, a little later.
  await expect.poll(async () => (await inventory()).length).toBeGreaterThanOrEqual(2);
  await keepInventory();
});

test('helm install refuses a wrong value, names it and makes nothing', async () => {
  const before = await inventory();
  for (const [setting, name] of [
    ['chat.scaling.targetConnections=0', '/chat/scaling/targetConnections'],
    ['chat.scaling.min=few', '/chat/scaling/min'],
    ['chat.scalling.min=2', 'scalling'],
    ['redis.url=http://redis:6379', '/redis/url'],
  ] as const) {
    const { ok, said } = await tryInstall(setting);
    expect(ok, setting).toBe(false);
    expect(said).toContain(name);
  }
  expect(await inventory()).toEqual(before);
});

test('helm install brings up chat, with a Redis of its own', async ({ cluster }) => {
  const begin = Date.now();
  const { ok, said } = await tryInstall();
  expect(ok, said).toBe(true);
  await kubectl('wait', '--for=condition=Available', `chatserver/${settings.release}`, '--timeout=120s');
  await cluster.settles(2);
  print('install until chat is available on 2 servers', `${((Date.now() - begin) / 1000).toFixed(1)} s`);
  await expect
    .poll(async () => (await fetch(new URL('/config.json', settings.ingress))).status, {
      message: 'chat through the Ingress',
    })
    .toBe(200);
});

test('kubectl get chatservers shows size, connections, owner and reason', async () => {
  const { said } = await tryKubectl('get', 'chatservers');
  const [head] = said.split('\n');
  expect(head?.trim().split(/\s+/)).toEqual(
    'NAME DESIRED READY CONNECTIONS PER-POD OWNER REASON AGE'.split(' '),
  );
});
