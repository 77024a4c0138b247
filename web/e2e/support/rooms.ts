// What somebody does with rooms, through the page.

import { expect, type Locator } from '@playwright/test';

import type { Person } from './person';

/** The server's word for a list that changed is followed within 5 s, so that not all come at once. */
export const LISTED_MS = 10_000;

/** One's own rooms and the people of the room, which are behind a button on a narrow page. */
export async function opensSidebar({ page }: Person): Promise<void> {
  const people = page.getByRole('button', { name: 'People here' });
  if (await people.isVisible()) await people.click();
  await expect(page.getByRole('heading', { name: 'Your rooms' })).toBeVisible();
}

/** Where the page is narrow the sidebar covers the talk. */
export async function closesSidebar({ page }: Person): Promise<void> {
  const sheet = page.getByRole('dialog', { name: 'People and rooms' });
  if (await sheet.isVisible()) await sheet.getByRole('button', { name: 'Close' }).click();
}

/** The entry of a room in one's own list, by its title. */
export function ownRoom({ page }: Person, title: string): Locator {
  return page.getByRole('list', { name: 'Your rooms' }).getByRole('button', { name: title });
}

export function heading({ page }: Person): Locator {
  return page.getByRole('heading', { level: 1 });
}

/** The list of public rooms, where one makes rooms as well. */
export async function findsRooms(person: Person): Promise<Locator> {
  await opensSidebar(person);
  await person.page.getByRole('button', { name: 'Find or create a room' }).click();
  const dialog = person.page.getByRole('dialog', { name: 'Rooms', exact: true });
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Makes a private room and enters it. */
export async function createsPrivateRoom(person: Person, title: string, topic = ''): Promise<void> {
  const dialog = await findsRooms(person);
  await dialog.getByLabel('Only those who are invited').check();
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByLabel('Topic', { exact: true }).fill(topic);
  await dialog.getByRole('button', { name: 'Create a room' }).click();
  await expect(heading(person)).toHaveText(new RegExp(`${title}$`));
  await person.isConnected();
}

/** Opens what there is to know and to do about the room that is looked at. */
export async function opensSettings({ page }: Person): Promise<Locator> {
  await page.getByRole('button', { name: 'About this room' }).click();
  const dialog = page.getByRole('dialog').filter({ has: page.getByRole('list', { name: 'Members' }) });
  await expect(dialog).toBeVisible();
  return dialog;
}

export function members(dialog: Locator): Locator {
  return dialog.getByRole('list', { name: 'Members' }).getByRole('listitem');
}

/** The link that somebody gives to others, from where the page shows it. */
export async function linkOf({ page }: Person): Promise<string> {
  await page.getByRole('banner').getByRole('button', { name: 'Log in' }).click();
  const link = await page.getByLabel('Your link').inputValue();
  await page.getByRole('button', { name: 'Close' }).click();
  return link;
}

/** Invites somebody by their link to the room that is looked at. */
export async function invites(person: Person, link: string, name: string): Promise<void> {
  const dialog = await opensSettings(person);
  await dialog.getByLabel('Their link or id').fill(link);
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(dialog.getByText(`${name} was invited.`)).toBeVisible();
  await expect(members(dialog).filter({ hasText: name })).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Close' }).click();
}
