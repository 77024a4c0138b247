// Pods that the Deployment holds for its own, and whose figures are wrong: what a server with a defect looks like.

import { apply, kubectl } from './commands.ts';
import type { Cluster } from './cluster.ts';
import { securityContext } from './objects.ts';
import { settings } from './settings.ts';

/** What a liar says its number of sessions is; undefined: it takes the question and never answers. */
export type Lie = string | undefined;

const files = '/lies';

/** A chat-server whose page is at the port where others have their metrics: it says what is in a file. */
function speaks(name: string, image: string): object {
  return {
    containers: [
      {
        name: 'liar',
        image,
        command: ['/chat-server'],
        args: [`--web=${files}`, '--listen=0.0.0.0:9090', '--private-listen=127.0.0.1:9091'],
        securityContext,
        volumeMounts: [{ name: 'lies', mountPath: files }],
      },
    ],
    volumes: [{ name: 'lies', configMap: { name } }],
  };
}

/** A Redis that sleeps: the kernel takes the connection, and nobody reads what comes. */
function hangs(): object {
  const script = `cd /tmp; redis-server --port 9090 --save '' --enable-debug-command yes &
    until redis-cli -p 9090 debug sleep 86400; do :; done`;
  const container = {
    name: 'liar',
    image: settings.images.redis,
    command: ['sh', '-c', script],
    securityContext,
  };
  return { containers: [container] };
}

/** Puts a liar in the place of one of the Deployment's servers, which is deleted for it. */
export async function addLiar(cluster: Cluster, name: string, lie: Lie): Promise<void> {
  const honest = (await cluster.api.pods()).find(({ metadata }) => !metadata.name.startsWith('liar'));
  if (honest === undefined) throw new Error('there is no server to take the labels of');
  const { ['pod-template-hash']: hash = '', ...labels } = honest.metadata.labels ?? {};
  // The Service selects by it: nobody is to be sent to a liar.
  delete labels['hubbub.dev/sessions'];
  const annotations = {
    ...honest.metadata.annotations,
    // One of those that have less goes.
    'controller.kubernetes.io/pod-deletion-cost': '1000',
  };
  const lies = { 'index.html': '', metrics: `hubbub_connections ${lie ?? ''}\nhubbub_engine_up 1\n` };
  await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: lies });
  const spec = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    ...(lie === undefined ? hangs() : speaks(name, honest.spec.containers[0].image)),
  };
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, annotations }, spec });
  await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
  // A ReplicaSet takes what has its labels and no owner, and then has one too many.
  await kubectl('label', `pod/${name}`, `pod-template-hash=${hash}`);
}

export async function removeLiars(names: string[]): Promise<void> {
  await kubectl('delete', 'pod', ...names, '--ignore-not-found');
  await kubectl('delete', 'configmap', ...names, '--ignore-not-found');
}
