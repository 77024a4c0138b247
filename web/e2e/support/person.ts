// Someone in front of the page, in a browser of their own.

import { expect, type Locator, type Page } from '@playwright/test';

export class Person {
  constructor(readonly page: Page) {}

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to/ });
  }

  get log(): Locator {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  /** Messages that the room shows, by a part of their text. */
  message(text: string): Locator {
    return this.log.getByTestId('message').filter({ hasText: text });
  }

  /** A message with the name of its author, if it says that, by a part of it. */
  row(text: string): Locator {
    return this.log.getByTestId('row').filter({ hasText: text });
  }

  /** What tells that others have seen an own message, by a part of its text. */
  seen(text: string): Locator {
    return this.row(text).getByTestId('seen');
  }

  /** Uses one of the actions of a message, by a part of its text. */
  async does(action: string, text: string): Promise<void> {
    const row = this.row(text);
    await row.getByTestId('message').click();
    await row.getByRole('button', { name: action, exact: true }).click();
  }

  /** Own messages that the room does not show yet. */
  pending(text: string): Locator {
    return this.log.getByTestId('pending').filter({ hasText: text });
  }

  get notices(): Locator {
    return this.log.getByTestId('notice');
  }

  /** The connection's state in words. */
  get connection(): Locator {
    return this.page.getByTestId('connection');
  }

  get nameButton(): Locator {
    return this.page.getByRole('button', { name: 'Change your name' });
  }

  get nameField(): Locator {
    return this.page.getByRole('textbox', { name: 'Your name' });
  }

  async name(): Promise<string> {
    return this.nameButton.locator('bdi').innerText();
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async rename(name: string): Promise<void> {
    await this.nameButton.click();
    await this.nameField.fill(name);
    await this.nameField.press('Enter');
    await expect(this.nameButton.locator('bdi')).toHaveText(name);
  }

  /** In the room, with all that was said. */
  async isConnected(): Promise<void> {
    await expect(this.connection).toHaveText('Connected');
    await expect(this.log.getByText('Opening the room…')).toHaveCount(0);
  }

  /** The names of those who are here, wherever the page shows them, as they become `names`. */
  async seesPeople(names: readonly string[], timeout?: number): Promise<void> {
    const options = timeout === undefined ? {} : { timeout };
    const button = this.page.getByRole('button', { name: 'People here' });
    const behindButton = await button.isVisible();
    if (behindButton) {
      await expect(button).toHaveText(String(names.length), options);
      await button.click();
    }
    const list = this.page.getByRole('list', { name: 'People in' });
    await expect(list.locator('bdi')).toHaveText([...names], options);
    if (behindButton) await this.page.getByRole('button', { name: 'Close' }).click();
  }
}
