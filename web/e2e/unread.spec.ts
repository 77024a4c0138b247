import { onTwoDevices } from './support/account';
import { hasNoViolations } from './support/axe';
import { expect, test as base } from './support/fixtures';
import { Guest } from './support/guest';
import type { Person } from './support/person';
import { closesSidebar, opensSidebar, ownRoom } from './support/rooms';

interface Devices {
  /** One account, twice: both have read all of the room of the test, and look at another one now. */
  readonly one: Person;
  readonly other: Person;
  /** Somebody else, who speaks in the room of the test. */
  readonly grace: Guest;
}

const test = base.extend<{ devices: Devices; elsewhere: string }>({
  elsewhere: async ({ room }, use) => {
    await use(`else-${room}`);
  },

  devices: async ({ enters, servers, room, elsewhere }, use) => {
    const [one, other] = [await enters(0), await enters(1)];
    for (const dialog of (await onTwoDevices(one, other)).dialogs) await dialog.close();
    const grace = await Guest.at(servers[0].url);
    await grace.say(room, 'Hello');
    for (const person of [one, other]) {
      await person.isConnected();
      await expect(person.message('Hello')).toHaveCount(1);
      await opensSidebar(person);
      await expect(ownRoom(person, room)).toBeVisible();
      await closesSidebar(person);
    }
    for (const person of [one, other]) await goTo(person, elsewhere);
    await use({ one, other, grace });
  },
});

async function goTo(person: Person, room: string): Promise<void> {
  await person.page.evaluate((room) => {
    location.hash = room;
  }, room);
  await expect(person.composer).toHaveAccessibleName(`Message to ${room}`);
  await person.isConnected();
}

/** What one's own list says of a room, as it becomes that; without a count, all is read. */
async function hasUnread(person: Person, room: string, count?: number): Promise<void> {
  await opensSidebar(person);
  if (count === undefined) await expect(ownRoom(person, room).getByText('unread')).toHaveCount(0);
  else await expect(ownRoom(person, room)).toContainText(`${count} unread message`);
  await closesSidebar(person);
}

/** The mark of what is new is at the top of what is seen, with the first of it below. */
async function isAtTheFirstUnread(person: Person): Promise<void> {
  const mark = person.log.getByTestId('new');
  await expect(mark).toBeInViewport();
  await expect(person.message('unread 1.')).toBeInViewport();
  const distance = async (): Promise<number> =>
    ((await mark.boundingBox())?.y ?? NaN) - ((await person.log.boundingBox())?.y ?? NaN);
  await expect.poll(distance).toBeLessThan(40);
  expect(await distance()).toBeGreaterThanOrEqual(0);
}

test('what is read on one device is read on the other, without a reload', async ({ devices, room }) => {
  const { one, other, grace } = devices;
  await grace.sayMany(room, 3);
  for (const person of [one, other]) await hasUnread(person, room, 3);
  await goTo(other, room);
  await expect(other.log.getByTestId('new')).toBeInViewport();
  await expect(other.message('unread 3.')).toBeInViewport();
  await hasNoViolations(other.page);
  await hasUnread(one, room);
  await grace.say(room, 'unread 4.');
  await expect(other.message('unread 4.')).toBeInViewport();
  await hasUnread(one, room);
  await goTo(one, room);
  await expect(one.message('unread 4.')).toBeInViewport();
  await expect(one.log.getByTestId('new')).toHaveCount(0);
});

test('a room with more unread than is seen opens at the first of it', async ({ devices, room }) => {
  const { one, other, grace } = devices;
  await grace.sayMany(room, 60);
  for (const person of [one, other]) await hasUnread(person, room, 60);
  await goTo(other, room);
  await isAtTheFirstUnread(other);
  await expect(other.message('unread 60.')).not.toBeInViewport();
  // What is in sight is read, and what is below it is not.
  const left = async (): Promise<number> => {
    const words = await ownRoom(one, room).textContent();
    return Number(/(\d+) unread/.exec(words ?? '')?.[1] ?? 0);
  };
  await opensSidebar(one);
  await expect.poll(left).toBeLessThan(60);
  expect(await left()).toBeGreaterThan(20);
  await closesSidebar(one);

  await other.page.getByRole('button', { name: 'New messages ↓' }).click();
  await expect(other.message('unread 60.')).toBeInViewport();
  await hasUnread(one, room);
});

test('a room with more unread than a page has opens at the first of it', async ({ devices, room }) => {
  const { one, other, grace } = devices;
  await one.page.goto('about:blank');
  await grace.sayMany(room, 150);
  // The room is open behind another one, with what was said last.
  await goTo(other, room);
  await isAtTheFirstUnread(other);
  await expect(other.message('unread 150.')).not.toBeInViewport();
});

test('a page that is opened anew opens at the first unread message', async ({ devices, room }) => {
  const { other, grace } = devices;
  const { page } = other;
  const address = page.url().replace(/#.*/, `#${room}`);
  await page.goto('about:blank');
  await grace.sayMany(room, 150);
  await page.goto(address);
  await isAtTheFirstUnread(other);
  await expect(other.message('Hello')).toHaveCount(1);
});

test('who looks at the page again sees first what came meanwhile', async ({ devices, room }) => {
  const { other, grace } = devices;
  await goTo(other, room);
  const look = (hidden: boolean): Promise<void> =>
    other.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await look(true);
  await grace.sayMany(room, 40);
  await expect(other.message('unread 40.')).toHaveCount(1);
  await look(false);
  await isAtTheFirstUnread(other);
});
