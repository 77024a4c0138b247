import { helm, kubectl } from '../cluster/commands.ts';
import { inventory, keptInventory } from '../cluster/inventory.ts';
import { settings } from '../cluster/settings.ts';
import { expect, test } from '../cluster/test.ts';

test('helm uninstall leaves nothing of the release but the resource definition', async () => {
  await helm('uninstall', settings.release, '--wait', '--timeout=120s');
  // The servers still drain when Helm is done.
  await expect.poll(inventory, { timeout: 90_000 }).toEqual(await keptInventory());
  await kubectl('get', 'customresourcedefinition', 'chatservers.hubbub.dev');
});

test.afterAll(async () => {
  await kubectl('delete', 'namespace', settings.namespace, '--wait=false');
});
