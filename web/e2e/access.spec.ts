import type { Locator, Page } from '@playwright/test';

import { hasNoViolations } from './support/axe';
import { expect, test } from './support/fixtures';

/** Presses Tab until `target` has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(target).toBeFocused();
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing to complain of, ${colorScheme}`, async ({
    enters,
    room,
    servers,
    switchboard,
    comes,
  }) => {
    const grace = await enters(1);
    const lines = await switchboard(servers[0].port);
    const ada = await comes(`${lines.url}/#${room}`);
    await ada.page.emulateMedia({ colorScheme });
    await ada.isConnected();
    await grace.say('Have a look at https://example.org/ when you can');
    await ada.say('I will');
    await expect(grace.message('I will')).toHaveCount(1);
    await grace.rename('Grace');
    await expect(ada.notices).toHaveCount(1);
    await grace.composer.pressSequentially('x');
    await expect(ada.page.getByTestId('typing')).toHaveText('Grace is typing…');
    await hasNoViolations(ada.page);

    const people = ada.page.getByRole('button', { name: 'People here' });
    if (await people.isVisible()) {
      await people.click();
      await hasNoViolations(ada.page);
      await ada.page.getByRole('button', { name: 'Close' }).click();
    }

    lines.cut();
    await expect(ada.notices).toContainText(['Connection closed']);
    await ada.say('Are you there?');
    await ada.composer.fill('x'.repeat(4001));
    await ada.nameButton.click();
    await ada.nameField.fill(' ');
    await ada.nameField.press('Enter');
    await expect(ada.page.getByRole('alert')).toBeVisible();
    await hasNoViolations(ada.page);
  });
}

test('everything can be done with the keyboard alone', async ({ enters }) => {
  const grace = await enters(1);
  const ada = await enters(0);
  const { page } = ada;

  await tabTo(page, ada.composer);
  await page.keyboard.type('Typed without a mouse');
  await page.keyboard.press('Enter');
  await expect(grace.message('Typed without a mouse')).toHaveCount(1);
  await expect(ada.composer).toBeFocused();

  await page.keyboard.press('Shift+Tab');
  await expect(ada.nameButton).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(ada.nameField).toBeFocused();
  await page.keyboard.type('Keyboard Kay');
  await page.keyboard.press('Enter');
  await expect(ada.nameButton).toBeFocused();
  await expect(ada.nameButton).toContainText('Keyboard Kay');

  const people = page.getByRole('button', { name: 'People here' });
  if (await people.isVisible()) {
    await tabTo(page, people);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(people).toBeFocused();
  }

  await tabTo(page, ada.log);
  await page.keyboard.press('Home');
  await tabTo(page, ada.composer);
  await page.keyboard.type('Back where I was');
  await tabTo(page, page.getByRole('button', { name: 'Send' }));
  await page.keyboard.press('Space');
  await expect(grace.message('Back where I was')).toHaveCount(1);
  await expect(ada.composer).toBeFocused();
});

test('nothing is cut off at the side, whatever is shown', async ({ enters }) => {
  const ada = await enters();
  await ada.rename('W'.repeat(40));
  await ada.say(`https://example.org/${'long'.repeat(60)}`);
  await ada.say('W'.repeat(300));
  await expect(ada.message('WWW')).toHaveCount(1);
  await ada.nameButton.click();
  const width = await ada.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(width[0]).toBeLessThanOrEqual(width[1] ?? 0);
  const log = await ada.log.evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(log).toBe(0);
});
