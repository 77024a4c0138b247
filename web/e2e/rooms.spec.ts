import { randomUUID } from 'node:crypto';

import { hasNoViolations, nothingIsCutOff } from './support/axe';
import { expect, test } from './support/fixtures';
import {
  closesSidebar,
  createsPrivateRoom,
  findsRooms,
  heading,
  invites,
  linkOf,
  LISTED_MS,
  members,
  opensSettings,
  opensSidebar,
  ownRoom,
} from './support/rooms';

const TITLE = 'Plans for the summer';

test('who is invited to a private room sees it without a reload, and talks there', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const [adaName, graceName] = [await ada.name(), await grace.name()];
  const link = await linkOf(grace);
  await createsPrivateRoom(ada, TITLE, 'Where we go');
  await expect(ada.page).toHaveURL(/#~p[0-9a-f]{32}$/);
  await invites(ada, link, graceName);
  await ada.say('Where do we go?');

  await opensSidebar(grace);
  await expect(ownRoom(grace, TITLE)).toContainText('1 unread message', { timeout: LISTED_MS });
  await hasNoViolations(grace.page);
  await ownRoom(grace, TITLE).click();
  await expect(heading(grace)).toHaveText(new RegExp(`${TITLE}$`));
  await expect(grace.message('Where do we go?')).toHaveCount(1);
  await expect(grace.notices).toContainText([`${adaName} invited ${graceName}.`]);
  await grace.say('To the sea');
  await expect(ada.message('To the sea')).toHaveCount(1);
  await ada.seesPeople([adaName, graceName]);
});

test('somebody is invited by being seen as well, to a room of one’s own', async ({ enters, room }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const graceName = await grace.name();
  await createsPrivateRoom(ada, TITLE);
  await ada.page.goBack();
  await ada.isConnected();
  await expect(ada.page).toHaveURL(new RegExp(`#${room}$`));
  await opensSidebar(ada);
  await ada.page.getByRole('list', { name: 'People in' }).getByRole('button', { name: graceName }).click();
  const about = ada.page.getByRole('dialog', { name: `About ${graceName}` });
  await hasNoViolations(ada.page);
  await about.getByRole('button', { name: TITLE }).click();
  await expect(about.getByText(`${graceName} was invited.`)).toBeVisible();
  await opensSidebar(grace);
  await expect(ownRoom(grace, TITLE)).toBeVisible({ timeout: LISTED_MS });
});

test('to a stranger a private room is one that does not exist', async ({ enters }) => {
  const [ada, stranger] = [await enters(0), await enters(1)];
  await createsPrivateRoom(ada, TITLE);
  await ada.say('A secret');
  const address = new URL(ada.page.url()).hash;
  const seen = [];
  for (const hash of [address, `#~p${'0'.repeat(32)}`]) {
    await stranger.page.evaluate((hash) => {
      location.hash = hash;
    }, hash);
    await expect(heading(stranger)).toHaveText(/Private room$/);
    await expect(stranger.log.getByRole('alert')).toContainText(
      'There is no such room, or you may not see it.',
    );
    await expect(stranger.composer).toHaveCount(0);
    await expect(stranger.page.getByRole('button', { name: 'About this room' })).toHaveCount(0);
    seen.push(await stranger.log.innerText());
  }
  expect(seen[0]).toBe(seen[1]);
  await hasNoViolations(stranger.page);
  await stranger.log.getByRole('button', { name: 'Go to the public room' }).click();
  await expect(heading(stranger)).toHaveText(/lobby$/);
  await stranger.isConnected();
  const rooms = await findsRooms(stranger);
  await expect(rooms.getByText(/(person|people) there/).first()).toBeVisible();
  await expect(rooms.getByText(TITLE)).toHaveCount(0);
});

test('who is removed is out at once, and in again when they are invited again', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const graceName = await grace.name();
  const link = await linkOf(grace);
  await createsPrivateRoom(ada, TITLE);
  await ada.say('Among us');
  await invites(ada, link, graceName);
  await opensSidebar(grace);
  await ownRoom(grace, TITLE).click({ timeout: LISTED_MS });
  await expect(grace.message('Among us')).toHaveCount(1);

  const settings = await opensSettings(ada);
  await settings.getByRole('button', { name: `Remove ${graceName}` }).click();
  await expect(members(settings)).toHaveCount(1);
  await settings.getByRole('button', { name: 'Close' }).click();
  await expect(grace.log.getByRole('alert')).toContainText('You were removed from this room.');
  await expect(grace.message('Among us')).toHaveCount(0);
  await expect(grace.composer).toHaveCount(0);
  await ada.say('Without her');
  await hasNoViolations(grace.page);
  await opensSidebar(grace);
  await expect(ownRoom(grace, TITLE)).toHaveCount(0);
  await closesSidebar(grace);

  await invites(ada, link, graceName);
  await expect(grace.message('Among us')).toHaveCount(1, { timeout: LISTED_MS });
  await expect(grace.log.getByRole('alert')).toHaveCount(0);
  await grace.say('Back again');
  await expect(ada.message('Back again')).toHaveCount(1);
});

test('two talk alone, and each sees the name of the other on it', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const [adaName, graceName] = [await ada.name(), await grace.name()];
  await opensSidebar(ada);
  await ada.page.getByRole('list', { name: 'People in' }).getByRole('button', { name: graceName }).click();
  await ada.page.getByRole('button', { name: `Talk to ${graceName} alone` }).click();
  await expect(ada.page).toHaveURL(/#~d[0-9a-f]{32}$/);
  await expect(heading(ada)).toHaveText(new RegExp(`${graceName}$`));
  await ada.isConnected();
  await ada.say('Between us');

  await opensSidebar(grace);
  await expect(ownRoom(grace, adaName)).toContainText('1 unread message', { timeout: LISTED_MS });
  await ownRoom(grace, adaName).click();
  await expect(grace.message('Between us')).toHaveCount(1);
  await grace.say('Just us');
  await expect(ada.message('Just us')).toHaveCount(1);
  await ada.rename('Countess of Lovelace');
  await expect(heading(grace)).toHaveText(/Countess of Lovelace$/);
  const settings = await opensSettings(grace);
  await expect(members(settings)).toHaveCount(2);
  await expect(settings.getByRole('button', { name: 'Delete for good' })).toHaveCount(0);
  await hasNoViolations(grace.page);
});

test('somebody’s link leads to a talk with them', async ({ comes, enters, servers }) => {
  const grace = await enters(0);
  const graceName = await grace.name();
  const link = await linkOf(grace);
  const ada = await comes(link);
  await ada.isConnected();
  await expect(ada.page).toHaveURL(/\/#~d[0-9a-f]{32}$/);
  await expect(heading(ada)).toHaveText(new RegExp(`${graceName}$`));
  await ada.say('You gave me your link');
  await opensSidebar(grace);
  await ownRoom(grace, await ada.name()).click({ timeout: LISTED_MS });
  await expect(grace.message('You gave me your link')).toHaveCount(1);
  await ada.page.reload();
  await ada.isConnected();
  await expect(ada.message('You gave me your link')).toHaveCount(1);

  const lost = await comes(`${servers[0].url}/?user=${randomUUID()}`);
  await expect(lost.page.getByRole('alert')).toHaveText('There is nobody with this id.');
  await expect(heading(lost)).toHaveText(/lobby$/);
  await lost.isConnected();
});

test('title, topic and roles are another for everybody at once', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const [adaName, graceName] = [await ada.name(), await grace.name()];
  const link = await linkOf(grace);
  await createsPrivateRoom(ada, TITLE);
  await invites(ada, link, graceName);
  await opensSidebar(grace);
  await ownRoom(grace, TITLE).click({ timeout: LISTED_MS });
  await grace.isConnected();
  const seen = await opensSettings(grace);
  await expect(members(seen)).toHaveCount(2);
  await expect(seen.getByLabel('Title')).toHaveCount(0);

  const settings = await opensSettings(ada);
  await hasNoViolations(ada.page);
  await nothingIsCutOff(ada.page);
  await settings.getByLabel('Title').fill('Plans for the winter');
  await settings.getByLabel('Topic', { exact: true }).fill('Snow');
  await settings.getByRole('button', { name: 'Save' }).click();
  await expect(settings.getByText('Saved.')).toBeVisible();
  await expect(heading(ada)).toHaveText(/Plans for the winter$/);
  await expect(heading(grace)).toHaveText(/Plans for the winter$/);
  await expect(seen.getByText('Snow')).toBeVisible();
  await settings.getByRole('button', { name: `Make ${graceName} an owner` }).click();
  await expect(members(settings).filter({ hasText: graceName })).toContainText('Owner');
  await expect(seen.getByLabel('Title')).toHaveValue('Plans for the winter');
  await seen.getByRole('button', { name: `Make ${adaName} a member` }).click();
  await expect(settings.getByLabel('Title')).toHaveCount(0);
  await seen.getByRole('button', { name: 'Close' }).click();
  await expect(grace.notices).toContainText([
    `${adaName} called the room “Plans for the winter”. ${adaName} set the topic: Snow`,
    `${adaName} made ${graceName} an owner.`,
    `${graceName} made ${adaName} a member.`,
  ]);
});

test('a room is left, and deleted for everybody', async ({ enters }) => {
  const [ada, grace, emile] = [await enters(0), await enters(1), await enters(0)];
  await createsPrivateRoom(ada, TITLE);
  for (const guest of [grace, emile]) {
    const [link, name] = [await linkOf(guest), await guest.name()];
    await invites(ada, link, name);
    await opensSidebar(guest);
    await ownRoom(guest, TITLE).click({ timeout: LISTED_MS });
    await guest.isConnected();
  }
  await (await opensSettings(grace)).getByRole('button', { name: 'Leave this room' }).click();
  await expect(heading(grace)).toHaveText(/lobby$/);
  await opensSidebar(grace);
  await expect(ownRoom(grace, TITLE)).toHaveCount(0);
  await expect(ada.notices).toContainText([`${await grace.name()} left the room.`]);

  const settings = await opensSettings(ada);
  await expect(members(settings)).toHaveCount(2);
  await settings.locator('summary', { hasText: 'Delete this room' }).click();
  await settings.getByRole('button', { name: 'Delete for good' }).click();
  await expect(heading(ada)).toHaveText(/lobby$/);
  await expect(emile.log.getByRole('alert')).toContainText('This room was deleted.');
  for (const person of [ada, emile]) {
    await opensSidebar(person);
    await expect(ownRoom(person, TITLE)).toHaveCount(0);
    await closesSidebar(person);
  }
});

test('a public room is made, found by its topic and entered', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const name = `kitchen-${randomUUID()}`;
  const made = await findsRooms(ada);
  await made.getByLabel('Name in the address').fill(name);
  await made.getByLabel('Title').fill('The kitchen');
  await made.getByLabel('Topic', { exact: true }).fill(`What is for lunch ${name}`);
  await made.getByRole('button', { name: 'Create a room' }).click();
  await expect(ada.page).toHaveURL(new RegExp(`#${name}$`));
  await expect(heading(ada)).toHaveText(/The kitchen$/);

  const found = await findsRooms(grace);
  const rooms = found.getByRole('list', { name: 'Public rooms' }).getByRole('listitem');
  await expect(rooms.first()).toBeVisible();
  await hasNoViolations(grace.page);
  await nothingIsCutOff(grace.page);
  await found.getByLabel('Search by name or topic').fill(`LUNCH ${name}`);
  await expect(rooms).toHaveText([/The kitchen/]);
  await found.getByLabel('Search by name or topic').fill('nothing like this');
  await expect(found.getByText('No room is like that.')).toBeVisible();
  await found.getByLabel('Search by name or topic').fill(name);
  await found.getByRole('button', { name: 'Enter The kitchen' }).click();
  await expect(found).toBeHidden();
  await expect(heading(grace)).toHaveText(/The kitchen$/);
  await grace.say('What is for lunch?');
  await expect(ada.message('What is for lunch?')).toHaveCount(1);
  await opensSidebar(grace);
  await expect(ownRoom(grace, 'The kitchen')).toBeVisible();
});

test('what a room cannot be is told at its field', async ({ enters, room }) => {
  const ada = await enters();
  const dialog = await findsRooms(ada);
  await dialog.getByLabel('Name in the address').fill(room);
  await dialog.getByRole('button', { name: 'Create a room' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('There is a room with this name already.');
  await expect(dialog.getByLabel('Name in the address')).toBeFocused();
  await dialog.getByLabel('Only those who are invited').check();
  await dialog.getByRole('button', { name: 'Create a room' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('A title has 1 to 64 characters.');
  await hasNoViolations(ada.page);
  await dialog.getByLabel('Title').fill(TITLE);
  await dialog.getByRole('button', { name: 'Create a room' }).click();
  await expect(heading(ada)).toHaveText(new RegExp(`${TITLE}$`));

  const settings = await opensSettings(ada);
  await settings.getByLabel('Their link or id').fill('nobody');
  await settings.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(settings.getByRole('alert')).toHaveText('There is no id in it.');
  await settings.getByLabel('Their link or id').fill(randomUUID());
  await settings.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(settings.getByRole('alert')).toHaveText('There is nobody with this id.');
});
