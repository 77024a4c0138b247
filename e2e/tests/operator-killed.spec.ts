import type { Cluster } from '../cluster/cluster.ts';
import { isDraining } from '../cluster/objects.ts';
import { kill, leader } from '../cluster/operators.ts';
import { Watch } from '../cluster/sane.ts';
import { expect, print, test } from '../cluster/test.ts';

const phases = [
  'nothing has begun',
  'a server is out of the Service',
  'it was told to send its sessions away',
  'it is empty',
  'the Deployment is smaller',
];

/** How far a shrink to `size` is, as a place in `phases`. */
async function phase({ api }: Cluster, size: number): Promise<number> {
  if ((await api.deployment()).spec.replicas === size) return 4;
  const victim = (await api.pods()).find(isDraining)?.metadata.name;
  if (victim === undefined) return 0;
  if ((await api.figure(victim, 'hubbub_drain_state')) === 0) return 1;
  return (await api.sessions(victim)) === 0 ? 3 : 2;
}

test('an operator that is killed in any phase of a drain leaves nothing undone, and nobody notices', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  await cluster.pin(5);
  await cluster.settles(5);
  // Enough that no server is empty when it has to go.
  const crowd = startLoad({ connections: 60, rate: 10, room: 'killed' });
  const watch = await Watch.begin(cluster, startLoad);
  try {
    for (const wanted of [1, 2, 3, 4]) {
      const size = 5 - wanted;
      await cluster.pin(size);
      let seen = 0;
      await expect
        .poll(async () => (seen = await phase(cluster, size)), {
          intervals: [20],
          message: `phase ${wanted}`,
        })
        .toBeGreaterThanOrEqual(wanted);
      const killed = await leader();
      await kill(killed);
      print(`${size} servers asked for, the operator killed when`, phases[seen] ?? '');
      await cluster.settles(size);
      await expect.poll(leader, 'another operator').not.toBe(killed);
    }
  } finally {
    await crowd.end();
    await cluster.unpin();
  }
  await watch.end({ min: 1, max: 5 });
  await cluster.settles(2);
});
