import { startHangingNameApi } from './support/name-api';
import { expect, test } from './support/fixtures';

/** A socket that broke stays in the list for the lease of 10 s, so that a move does not flicker; 15 s at most. */
const GONE_MS = 20_000;

test('a guest is named by the name API', async ({ enters }) => {
  const ada = await enters();
  await expect(ada.nameButton.locator('bdi')).toHaveText(/^Ada Tester\d+$/);
});

test('a name API that hangs costs no more than its limit: the guest gets a local name', async ({
  comes,
  startServer,
}) => {
  const hanging = await startHangingNameApi();
  try {
    const server = await startServer({ nameApi: hanging.url });
    const ada = await comes(server.url);
    await ada.isConnected();
    await expect(ada.nameButton.locator('bdi')).toHaveText(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
    await ada.say('Hello all the same');
    await expect(ada.message('Hello all the same')).toHaveCount(1);
  } finally {
    await hanging.end();
  }
});

test('those who come and go are seen by all', async ({ enters }) => {
  const ada = await enters(0);
  const [adaName] = [await ada.name()];
  await ada.seesPeople([adaName]);

  const grace = await enters(1);
  const graceName = await grace.name();
  await ada.seesPeople([adaName, graceName]);
  await grace.seesPeople([graceName, adaName]);

  await grace.page.close();
  await ada.seesPeople([adaName], GONE_MS);
});

test('a rename is seen by all, in the list and on what is said from then on', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  const [adaName, graceName] = [await ada.name(), await grace.name()];
  await ada.say('Under the old name');
  await expect(grace.message('Under the old name')).toHaveCount(1);

  await ada.rename('Countess of Lovelace');

  await expect(grace.notices).toContainText([`${adaName} is now called Countess of Lovelace.`]);
  await expect(ada.notices).toContainText(['You are now called Countess of Lovelace.']);
  await grace.seesPeople([graceName, 'Countess of Lovelace']);
  await ada.say('Under the new name');
  await expect(grace.row('Under the new name')).toContainText('Countess of Lovelace');

  await ada.page.reload();
  await expect(ada.nameButton.locator('bdi')).toHaveText('Countess of Lovelace');
});

test('a name against the rules is refused in words, and can be given up', async ({ enters }) => {
  const ada = await enters();
  const name = await ada.name();
  await ada.nameButton.click();
  await ada.nameField.fill('x'.repeat(41));
  await ada.nameField.press('Enter');
  await expect(ada.page.getByRole('alert')).toHaveText('A name has at most 40 characters; this one has 41.');
  await expect(ada.nameField).toBeFocused();
  await ada.nameField.press('Escape');
  await expect(ada.nameButton).toBeFocused();
  await expect(ada.nameButton.locator('bdi')).toHaveText(name);
});

test('who types is seen by the others, until it is sent', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  await ada.composer.pressSequentially('Hel');
  await expect(grace.page.getByTestId('typing')).toHaveText(`${await ada.name()} is typing…`);
  await expect(ada.page.getByTestId('typing')).toHaveText('');
  await ada.composer.press('Enter');
  await expect(grace.message('Hel')).toHaveCount(1);
  await expect(grace.page.getByTestId('typing')).toHaveText('');
});

test('a reload is the same guest, and another tab is another one', async ({ enters, servers, room }) => {
  const ada = await enters();
  const name = await ada.name();
  await ada.page.reload();
  await ada.isConnected();
  await expect(ada.nameButton.locator('bdi')).toHaveText(name);

  const tab = await ada.page.context().newPage();
  await tab.goto(`${servers[0].url}/#${room}`);
  const other = tab.getByRole('button', { name: 'Change your name' }).locator('bdi');
  await expect(other).toHaveText(/^Ada Tester\d+$/);
  await expect(other).not.toHaveText(name);
});
