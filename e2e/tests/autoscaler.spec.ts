import { apply, kubectl } from '../cluster/commands.ts';
import { total } from '../cluster/cluster.ts';
import { stopAll } from '../cluster/load.ts';
import { keepMoves } from '../cluster/moves.ts';
import { settings } from '../cluster/settings.ts';
import { expect, test } from '../cluster/test.ts';

/** An autoscaler that finds no metrics here, and so only ever brings the size between its bounds. */
function autoscaler(minReplicas: number, maxReplicas: number): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: settings.release },
    spec: {
      scaleTargetRef: { apiVersion: 'hubbub.dev/v1alpha1', kind: 'ChatServer', name: settings.release },
      minReplicas,
      maxReplicas,
    },
  };
}

test('a HorizontalPodAutoscaler may own the size, and servers are emptied for it as for anybody', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  // It leaves alone what has no size yet.
  await cluster.pin(2);
  try {
    const stays = ['hpa-0', 'hpa-1'].map((room) => startLoad({ connections: 2, rate: 10, room }));
    await expect.poll(async () => total(await cluster.sessions())).toBe(4);
    await apply(autoscaler(3, 5));
    await cluster.settles(3);
    await expect.poll(() => cluster.status()).toMatchObject({ owner: 'User', desiredReplicas: 3 });
    // Enough that no server is empty when it has to go: 1 of 2^16 that one of three gets none.
    stays.push(startLoad({ connections: 27, rate: 27, room: 'hpa-2' }));
    await expect.poll(() => cluster.serversInUse()).toBe(3);

    await apply(autoscaler(1, 2));
    await cluster.settles(2);
    await expect.poll(() => cluster.status()).toMatchObject({ owner: 'User', desiredReplicas: 2 });
    // The autoscaler sees what it asked for, so it asks for nothing more.
    await expect
      .poll(() => kubectl('get', `hpa/${settings.release}`, '--output=jsonpath={.status.currentReplicas}'))
      .toBe('2');
    const reports = await stopAll(stays);
    expect(reports.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(0);
    await keepMoves('a scale-down by an HPA on `/scale`', reports);
  } finally {
    await kubectl('delete', `hpa/${settings.release}`, '--ignore-not-found');
    await cluster.unpin();
  }
  await expect.poll(async () => (await cluster.status()).owner).toBe('Operator');
  await cluster.settles(2);
});
