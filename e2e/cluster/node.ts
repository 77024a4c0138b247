// What only the node can do. Needs a cluster of localkube's, whose node is this machine.

import { execa } from 'execa';

import { settings } from './settings.ts';

/** Sends a signal to what runs in a pod, or to a component of the cluster such as the kubelet. */
export async function signal(
  name: 'KILL' | 'STOP' | 'CONT',
  to: { pod: string } | { component: string },
): Promise<void> {
  if (settings.localkube === undefined) throw new Error('the node is out of reach');
  const target = 'pod' in to ? `${settings.namespace}/${to.pod}` : to.component;
  await execa(settings.localkube, ['signal', name, target]);
}
