import { hasReadAll, SAY_MUCH, sayMuch } from './support/talk';
import { expect, test } from './support/fixtures';
import { holdOlder, jumpsToOldest, keepBusy, scrollBack, standsStillWhenOlderCome } from './support/scroll';

const MESSAGES = 10_000;
/** What is seen at 1440 × 900 px and a buffer around it; far below what was said. */
const ROWS_IN_PAGE = 120;
/** How many come at once of what is older. */
const PAGE = 200;
/** How many come with a room. The oldest is not shown before it is known what stands above it. */
const JOINED = 50;
/** What stands where one looks may move by so much, as fractions of pixels are rounded. */
const JUMP_PX = 2;
/** The three minutes that 10,000 messages take alone, and as much again twice for other work on the machine. */
const LONGEST_MS = 600_000;

test('a talk of 10,000 messages is scrolled back without a jump, and only what is seen is in the page', async ({
  comes,
  startServer,
}) => {
  test.setTimeout(LONGEST_MS);
  const server = await startServer({ history: 20_000, rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  await sayMuch(ada.page, 'long', MESSAGES);
  await expect(ada.message(`message ${MESSAGES}.`)).toBeInViewport();
  expect(await ada.log.getByTestId('row').count()).toBeLessThan(ROWS_IN_PAGE);

  await hasReadAll(ada.page, 'long');

  // Anew, with the last page alone: all that is older comes over HTTP while one scrolls.
  await ada.page.reload();
  await expect(ada.message(`message ${MESSAGES}.`)).toBeInViewport();
  const { jump, at, rows, pages } = await scrollBack(ada);
  expect(jump, `at ${at}`).toBeLessThanOrEqual(JUMP_PX);
  // Some came while nobody looked.
  expect(pages).toBeGreaterThan(MESSAGES / PAGE / 2);
  expect(rows).toBeLessThan(ROWS_IN_PAGE);
  await expect(ada.message('message 1.')).toBeInViewport();
  await expect(ada.log.getByTestId('top')).toHaveText('This is where the talk begins.');

  await ada.page.getByRole('button', { name: 'To the newest' }).click();
  await expect(ada.message(`message ${MESSAGES}.`)).toBeInViewport();
});

test('a machine that is busy scrolls back without a jump as well', async ({ comes, startServer }) => {
  test.setTimeout(LONGEST_MS);
  const server = await startServer({ history: 20_000, rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  await sayMuch(ada.page, 'long', MESSAGES / 5);
  await hasReadAll(ada.page, 'long');
  await keepBusy(ada.page);
  await ada.page.reload();
  await expect(ada.message(`message ${MESSAGES / 5}.`)).toBeInViewport();
  const { jump, at } = await scrollBack(ada);
  expect(jump, `at ${at}`).toBeLessThanOrEqual(JUMP_PX);
});

test('older messages come above what one looks at, which stays where it is', async ({
  comes,
  startServer,
}) => {
  const server = await startServer({ rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  await sayMuch(ada.page, 'long', 2 * PAGE);
  await hasReadAll(ada.page, 'long');
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await ada.page.route('**/messages?before=*', async (route) => {
    await released;
    await route.continue();
  });
  await ada.page.reload();
  await expect(ada.message(`message ${2 * PAGE}.`)).toBeInViewport();
  await ada.log.evaluate((list) => {
    list.scrollTop = 0;
  });
  const looked = ada.log.getByTestId('row').first();
  await expect(looked).toContainText(`message ${2 * PAGE - JOINED + 2}.`);
  const id = await looked.getAttribute('data-message');
  const place = async (): Promise<number> =>
    (await ada.log.locator(`[data-message="${id}"]`).boundingBox())?.y ?? NaN;
  const before = await place();
  release();
  await expect.poll(() => ada.log.evaluate((list) => list.scrollTop)).toBeGreaterThan(1_000);
  expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(JUMP_PX);
});

test('older messages move nothing when they come before the heights of what is below are known', async ({
  comes,
  startServer,
}) => {
  const server = await startServer({ rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  await sayMuch(ada.page, 'long', 2 * PAGE);
  await hasReadAll(ada.page, 'long');
  await holdOlder(ada.page);
  await ada.page.reload();
  await expect(ada.message(`message ${2 * PAGE}.`)).toBeInViewport();
  const oldest = `message ${2 * PAGE - JOINED + 2}.`;
  expect(await jumpsToOldest(ada, oldest)).toBeLessThanOrEqual(JUMP_PX);
  await expect(ada.message(oldest)).toBeInViewport();
});

test('older messages move nothing when they come to the oldest and the machine stands still then', async ({
  comes,
  startServer,
}) => {
  const server = await startServer({ rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  // The message before the oldest that is shown is a long one.
  await sayMuch(ada.page, 'long', 2 * PAGE);
  await hasReadAll(ada.page, 'long');
  await holdOlder(ada.page);
  await keepBusy(ada.page);
  await ada.page.reload();
  await expect(ada.message(`message ${2 * PAGE}.`)).toBeInViewport();
  const oldest = `message ${2 * PAGE - JOINED + 2}.`;
  expect(await standsStillWhenOlderCome(ada, oldest)).toBeLessThanOrEqual(JUMP_PX);
});
