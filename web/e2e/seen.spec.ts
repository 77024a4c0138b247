import type { Locator } from '@playwright/test';

import { hasNoViolations, nothingIsCutOff } from './support/axe';
import { expect, test } from './support/fixtures';
import { Guest } from './support/guest';
import { createsPrivateRoom, invites, linkOf, LISTED_MS, opensSidebar, ownRoom } from './support/rooms';

/** Where something is, to tell whether it moves. */
async function place(what: Locator): Promise<unknown> {
  return what.boundingBox();
}

test('who talks alone with somebody sees that they have read it, also after a reload', async ({
  comes,
  enters,
}) => {
  const grace = await enters(0);
  const ada = await comes(await linkOf(grace));
  await ada.isConnected();
  await ada.say('Are you there?');
  await expect(ada.message('Are you there?')).toHaveCount(1);
  await expect(ada.seen('Are you there?')).toHaveCount(0);
  const before = await place(ada.message('Are you there?'));

  await opensSidebar(grace);
  await ownRoom(grace, await ada.name()).click({ timeout: LISTED_MS });
  await expect(grace.message('Are you there?')).toBeInViewport();
  await expect(ada.seen('Are you there?')).toHaveText('Seen');
  await expect(ada.seen('Are you there?')).toBeInViewport({ ratio: 1 });
  expect(await place(ada.message('Are you there?'))).toEqual(before);
  await hasNoViolations(ada.page);
  await nothingIsCutOff(ada.page);

  await ada.page.reload();
  await ada.isConnected();
  await expect(ada.seen('Are you there?')).toHaveText('Seen');
  // Only at the last: what is before it was seen too.
  await ada.say('A word that is longer than all others, so that no line has any place left beside it');
  await expect(ada.seen('A word')).toHaveText('Seen');
  await expect(ada.seen('A word')).toBeInViewport({ ratio: 1 });
  await expect(ada.seen('Are you there?')).toHaveCount(0);
  // Nobody is told of what they have read themselves.
  await expect(grace.log.getByTestId('seen')).toHaveCount(0);
});

test('in a room of a few one sees how many have read, and who', async ({ enters, servers }) => {
  const ada = await enters(0);
  const [grace, bob] = [await Guest.at(servers[0].url), await Guest.at(servers[1].url, 'Bob')];
  await createsPrivateRoom(ada, 'Plans for the summer');
  for (const guest of [grace, bob]) await invites(ada, guest.id, guest.name);
  const room = new URL(ada.page.url()).hash.slice(1);
  await ada.say('Where do we go?');
  await expect(ada.message('Where do we go?')).toHaveCount(1);
  const before = await place(ada.message('Where do we go?'));
  await grace.read(room);
  await expect(ada.seen('Where do we go?')).toHaveText('1');
  expect(await place(ada.message('Where do we go?'))).toEqual(before);
  await ada.say('To the sea?');
  await expect(ada.message('To the sea?')).toHaveCount(1);
  await bob.read(room);

  await expect(ada.seen('To the sea?')).toHaveAccessibleName('Seen by Bob');
  const mark = ada.seen('Where do we go?');
  await expect(mark).toHaveAccessibleName('Seen by Bob and Grace Hopper');
  await expect(mark).toHaveText('2');
  const names = ada.row('Where do we go?').getByText('Seen by Bob and Grace Hopper');
  await expect(names).toBeHidden();
  await mark.hover();
  await expect(names).toBeVisible();
  await nothingIsCutOff(ada.page);
  await ada.composer.hover();
  await expect(names).toBeHidden();
  await mark.focus();
  await expect(names).toBeInViewport({ ratio: 1 });
  await hasNoViolations(ada.page);
  await nothingIsCutOff(ada.page);
});
