// Somebody in a browser.

import { expect, type Browser, type BrowserContext, type Page } from '@playwright/test';

import { pageUrl } from './settings.ts';

export class Person {
  private constructor(
    readonly name: string,
    /** The chat-server that took the session: its pod's name, and some digits for this life of it. */
    readonly server: string,
    readonly page: Page,
    private readonly context: BrowserContext,
  ) {}

  /** Opens the page through the Ingress, in a browser context of its own, and waits until it chats. */
  static async arrives(browser: Browser, first: string, last: string): Promise<Person> {
    const context = await browser.newContext();
    // The Random User API is out of reach of a cluster's tests. This is its answer, as it is on the wire.
    await context.route('https://randomuser.me/**', (route) =>
      route.fulfill({
        json: {
          results: [{ name: { title: 'Ms', first, last } }],
          info: { seed: '2da87e9305069f1d', results: 1, page: 1, version: '1.4' },
        },
        headers: { 'access-control-allow-origin': '*' },
      }),
    );
    const page = await context.newPage();
    const server = serverOf(page);
    await page.goto(pageUrl());
    return new Person(`${first} ${last}`, await server, page, context);
  }

  async says(text: string): Promise<void> {
    const box = this.page.getByRole('textbox', { name: /^Message to/ });
    await box.fill(text);
    await box.press('Enter');
  }

  /** Waits until the message is in the list, with the name of who sent it. */
  async sees(text: string, from: string): Promise<void> {
    const log = this.page.getByRole('log');
    await expect(log.getByTestId('message').filter({ hasText: text })).toHaveCount(1);
    await expect(log).toContainText(from);
  }

  leaves(): Promise<void> {
    return this.context.close();
  }
}

/** The name in the `welcome` that comes over the page's WebSocket. */
function serverOf(page: Page): Promise<string> {
  return new Promise((resolve) => {
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        for (const line of payload.toString().split('\n')) {
          const frame = JSON.parse(line) as { type: string; server?: string };
          if (frame.type === 'welcome' && frame.server !== undefined) resolve(frame.server);
        }
      });
    });
  });
}
