import { kubectl, upgrade } from '../cluster/commands.ts';
import { total } from '../cluster/cluster.ts';
import { stopAll } from '../cluster/load.ts';
import { keepMoves } from '../cluster/moves.ts';
import { settings } from '../cluster/settings.ts';
import { expect, test } from '../cluster/test.ts';

test('helm upgrade with a changed value replaces each server without a lost message', async ({
  cluster,
  startLoad,
}) => {
  await cluster.settles(2);
  const before = new Set(await cluster.readyPods());
  const stays = ['upgrade-0', 'upgrade-1', 'upgrade-2', 'upgrade-3'].map((room) =>
    startLoad({ connections: 1, rate: 10, room }),
  );
  await expect.poll(async () => total(await cluster.sessions())).toBe(stays.length);

  await upgrade('chat.server.history=500');
  await expect
    .poll(async () => (await cluster.api.pods()).filter(({ metadata }) => before.has(metadata.name)).length, {
      message: 'servers of before',
      timeout: 90_000,
    })
    .toBe(0);
  await cluster.settles(2);
  await expect.poll(async () => total(await cluster.sessions())).toBe(stays.length);

  const reports = await stopAll(stays);
  for (const { reconnects } of reports) expect(reconnects).toBeGreaterThan(0);
  await keepMoves('a `helm upgrade` that replaces all servers', reports);

  await upgrade();
  await expect
    .poll(async () => (await cluster.api.deployment()).status.updatedReplicas, { timeout: 90_000 })
    .toBe(2);
  await cluster.settles(2);
  // The configuration of servers that are gone goes too.
  await expect
    .poll(() =>
      kubectl(
        'get',
        'configmaps',
        `--selector=app.kubernetes.io/instance=${settings.release}`,
        '--output=name',
      ),
    )
    .toMatch(/^configmap\/chat-[0-9a-f]+$/);
});
