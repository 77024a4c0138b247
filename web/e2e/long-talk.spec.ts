import { SAY_MUCH, sayMuch } from './support/talk';
import { expect, test } from './support/fixtures';

const MESSAGES = 10_000;
/** What is seen at 1440 × 900 px and a buffer around it; far below what was said. */
const ROWS_IN_PAGE = 120;

test('of a talk of 10,000 messages only what is seen is in the page', async ({ comes, startServer }) => {
  test.setTimeout(240_000);
  const server = await startServer({ history: 20_000, rates: SAY_MUCH });
  const ada = await comes(`${server.url}/#long`);
  await ada.isConnected();
  await sayMuch(ada.page, 'long', MESSAGES);
  await expect(ada.message(`message ${MESSAGES}.`)).toBeInViewport();
  expect(await ada.log.getByTestId('row').count()).toBeLessThan(ROWS_IN_PAGE);
});
