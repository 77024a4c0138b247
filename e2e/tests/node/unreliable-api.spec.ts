import { apply, kubectl } from '../../cluster/commands.ts';
import { Watch } from '../../cluster/sane.ts';
import { settings } from '../../cluster/settings.ts';
import { expect, print, test } from '../../cluster/test.ts';
import { UnreliableApi } from '../../cluster/unreliable-api.ts';

const deployment = `deployment/${settings.release}-operator`;
const name = 'unreliable-api';
const account = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Has the operator take this for the API server. */
async function lead(to: string): Promise<void> {
  const context = { cluster: name, user: name, namespace: settings.namespace };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    // Its certificate is of no use for a proxy, but a client of this image does not begin without one.
    clusters: [{ name, cluster: { server: to, 'certificate-authority': `${account}/ca.crt` } }],
    users: [{ name, user: { tokenFile: `${account}/token` } }],
    contexts: [{ name, context }],
    'current-context': name,
  };
  await apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { config: JSON.stringify(config) },
  });
  const container = {
    name: 'operator',
    env: [{ name: 'KUBECONFIG', value: '/kube/config' }],
    volumeMounts: [{ name: 'kube', mountPath: '/kube' }],
  };
  const spec = { containers: [container], volumes: [{ name: 'kube', configMap: { name } }] };
  await kubectl('patch', deployment, '--patch', JSON.stringify({ spec: { template: { spec } } }));
  await kubectl('rollout', 'status', deployment, '--timeout=300s');
}

async function leadBack(): Promise<void> {
  await kubectl('rollout', 'undo', deployment);
  await kubectl('rollout', 'status', deployment, '--timeout=300s');
  await kubectl('delete', `configmap/${name}`);
}

test('with an API server that fails a quarter of its calls servers come, are emptied and go as ever', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const api = await UnreliableApi.open(0.25);
  try {
    await lead(api.url);
    const watch = await Watch.begin(cluster, startLoad);
    const crowd = startLoad({ connections: 66, rate: 10, room: 'crowd-of-faults' });
    await cluster.settles(4);
    await crowd.end();
    await cluster.settles(2);
    for (const [outcome, times] of api.outcomes) print(`calls ${outcome}`, times.toString());
    expect([...api.outcomes.keys()].sort()).toEqual([
      'answered 429',
      'answered 500',
      'never answered',
      'passed on',
    ]);
    await watch.end({ min: 2, max: 5 });
  } finally {
    await leadBack();
    await api.close();
  }
  await cluster.settles(2);
});
