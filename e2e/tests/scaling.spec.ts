import { total } from '../cluster/cluster.ts';
import { keepDecisions } from '../cluster/decisions.ts';
import { expectNothingLost, stopAll } from '../cluster/load.ts';
import type { Decision } from '../cluster/objects.ts';
import { keepMoves } from '../cluster/moves.ts';
import { Recorder } from '../cluster/recorder.ts';
import { expect, print, test } from '../cluster/test.ts';

// Of cluster/values.yaml: more than this on two servers is too much.
const threshold = 2 * 20 * 1.1;

test('servers come as load crosses the threshold and go through a drain, and those who stay lose nothing', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const decided = async (): Promise<Decision[]> => (await cluster.status()).decisions ?? [];
  const earlier = new Set((await decided()).map((decision) => JSON.stringify(decision)));
  const sizes = Recorder.deployment(cluster.api);
  const crowd = Recorder.looking(() => cluster.allSessions());
  const stays = [startLoad({ connections: 1, rate: 10, room: 'stays-0' })];
  await expect.poll(async () => total(await cluster.sessions())).toBe(1);

  // Growing.
  const told = new Set((await cluster.api.events()).map(({ metadata }) => metadata.name));
  const load = startLoad({ connections: 70, rate: 14, room: 'crowd' });
  await cluster.settles(4);
  const grew = sizes.sightings.find(({ object }) => object.spec.replicas > 2)?.time ?? NaN;
  const below = crowd.sightings.filter(
    ({ time, object }) => time <= grew && (object ?? Infinity) <= threshold,
  );
  const crossing = below.at(-1)?.time ?? NaN;
  await crowd.close();
  print('from the last look below the threshold to the larger Deployment', `${grew - crossing} ms`);
  expect(grew - crossing).toBeLessThanOrEqual(5_000);
  // An event for each step of the way, and none that led elsewhere.
  const growth = new Set(sizes.sightings.map(({ object }) => object.spec.replicas));
  await expect
    .poll(async () => {
      const news = (await cluster.api.events()).filter(
        ({ reason, metadata }) => reason === 'ScaledUp' && !told.has(metadata.name),
      );
      const sizes = news.map(({ note }) => /from (\d+) to (\d+) servers: /.exec(note ?? '')?.slice(1) ?? []);
      return new Set([2, ...sizes.flat().map(Number)]);
    })
    .toEqual(growth);

  // The new ones take their share. Some of the crowd may have been sent there before anybody else came.
  const late = startLoad({ connections: 8, rate: 8, room: 'late' });
  await expect.poll(() => cluster.allSessions()).toBe(1 + 70 + 8);
  await expect.poll(() => cluster.serversInUse()).toBe(4);

  // Some stay on every server, so that no server is empty when it has to go. Who comes where is chance: that two
  // servers of four get none of sixteen is one in 2^16 for each pair. With more a fifth server would be needed.
  expectNothingLost('those who came late', await late.stop());
  stays.push(startLoad({ connections: 16, rate: 16, room: 'stays-1' }));
  await expect.poll(async () => total(await cluster.sessions())).toBe(70 + 17);

  // Shrinking.
  const before = await cluster.readyPods();
  const states = Recorder.looking(() => cluster.status());
  expectNothingLost('the crowd', await load.stop());
  await cluster.settles(2, 120_000);
  await states.close();
  await sizes.close();
  print('sizes on the way', sizes.sightings.map(({ object }) => object.spec.replicas).join(' '));
  const left = await cluster.readyPods();
  const gone = before.filter((pod) => !left.includes(pod));
  const drained = new Set(states.sightings.flatMap(({ object }) => object.draining ?? []));
  expect(drained, 'those that went are those that were drained').toEqual(new Set(gone));

  // Each change of size was decided, and the decision says on which figures.
  const decisions = (await decided()).filter((decision) => !earlier.has(JSON.stringify(decision)));
  expect(decisions.map(({ to }) => to)).toContain(4);
  expect(decisions[0]).toMatchObject({ from: 2, saw: { ready: 2, draining: 0 } });
  expect(decisions[0]?.saw.connections).toBeGreaterThan(threshold);
  expect(decisions.at(-1)).toMatchObject({ to: 2 });
  await keepDecisions(decisions);

  const reports = await stopAll(stays);
  expect(reports.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(0);
  await keepMoves('a scale-down by the operator', reports);
});
