// Takes the pictures in docs/images from the running program: three people chat on a server with the memory
// engine, one of them on a phone.

import { fileURLToPath } from 'node:url';

import { expect, test as base, type Browser, type BrowserContextOptions } from '@playwright/test';

import { startChatServer } from '../e2e/support/chat-server';
import { startNameApi } from '../e2e/support/name-api';
import { Person } from '../e2e/support/person';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const DESKTOP = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' } as const;
const PHONE = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark',
} as const;

/** With a server that ends with the test, also when it fails. */
const test = base.extend<{ address: string }>({
  address: async ({}, use) => {
    const names = await startNameApi();
    const server = await startChatServer({ nameApi: names.url });
    await use(server.url);
    await server.program.kill();
    await names.end();
  },
});

test('the pictures of the documents', async ({ browser, address }) => {
  const ada = await comes(browser, DESKTOP, address, 'Ada Lovelace');
  const grace = await comes(browser, PHONE, address, 'Grace Hopper');
  const emile = await comes(browser, DESKTOP, address, 'Émilie du Châtelet');
  const everyone = [ada, grace, emile];
  // From here on, so that the pictures show a conversation and not how it was set up.
  for (const { page } of everyone) await page.reload();
  for (const person of everyone) await person.isConnected();

  const lines = [
    [grace, 'Morning! Did the second server come up last night?'],
    [ada, 'It did. The room did not even blink when the first one went away.'],
    [ada, 'Nobody had to reload, and nothing was lost.'],
    [emile, 'I was typing at that very moment. My message went out on the other one.'],
    [grace, 'Then I can show it to the others this afternoon.\nAnything else I should mention?'],
    [emile, 'That it says who is here, even while people move between servers.'],
    [ada, 'And that one command starts all of it: make run'],
    [grace, 'Perfect, thank you both.'],
  ] as const;
  for (const [person, text] of lines) {
    await person.say(text);
    for (const reader of everyone) await expect(reader.message(text)).toHaveCount(1);
  }

  await emile.composer.pressSequentially('See you');
  for (const { page } of [ada, grace]) await expect(page.getByTestId('typing')).toContainText('is typing');
  await ada.page.screenshot({ path: `${images}chat.png` });
  await grace.page.screenshot({ path: `${images}chat-phone.png` });
});

async function comes(
  browser: Browser,
  options: BrowserContextOptions,
  address: string,
  name: string,
): Promise<Person> {
  const context = await browser.newContext(options);
  const person = new Person(await context.newPage());
  await person.page.goto(address);
  await person.isConnected();
  await person.rename(name);
  return person;
}
