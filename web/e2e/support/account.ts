// What someone does with their account.

import { randomUUID } from 'node:crypto';

import { expect, type Locator, type Page } from '@playwright/test';

import type { Person } from './person';

export const PASSWORD = 'correct horse battery';

/** An address that no other test uses. */
export function newEmail(): string {
  return `ada-${randomUUID()}@example.org`;
}

/** The account of the one in front of `page`. */
export class AccountDialog {
  constructor(private readonly page: Page) {}

  get dialog(): Locator {
    return this.page.getByRole('dialog', { name: 'Account' });
  }

  get devices(): Locator {
    return this.dialog.getByRole('list', { name: 'Devices' }).getByRole('listitem');
  }

  button(name: string): Locator {
    return this.dialog.getByRole('button', { name, exact: true });
  }

  field(label: string): Locator {
    return this.dialog.getByLabel(label, { exact: true });
  }

  async open(as: 'Log in' | 'Account'): Promise<void> {
    await this.page.getByRole('banner').getByRole('button', { name: as, exact: true }).click();
    await expect(this.dialog).toBeVisible();
  }

  async close(): Promise<void> {
    await this.button('Close').click();
    await expect(this.dialog).toBeHidden();
  }

  /** As a guest, with the dialog open. */
  async register(email: string, password = PASSWORD): Promise<void> {
    await this.button('Create an account').click();
    await this.#enter(email, password);
  }

  async logIn(email: string, password = PASSWORD): Promise<void> {
    await this.#enter(email, password);
  }

  async isOf(email: string): Promise<void> {
    await expect(this.dialog.getByText(email)).toBeVisible();
  }

  async #enter(email: string, password: string): Promise<void> {
    await this.field('E-mail address').fill(email);
    await this.field('Password').fill(password);
    await this.field('Password').press('Enter');
  }
}

/** A new account on two devices, with the dialog open on both. */
export async function onTwoDevices(
  first: Person,
  second: Person,
): Promise<{ email: string; dialogs: [AccountDialog, AccountDialog] }> {
  const [one, other] = [new AccountDialog(first.page), new AccountDialog(second.page)];
  const email = newEmail();
  await one.open('Log in');
  await one.register(email);
  await one.isOf(email);
  await other.open('Log in');
  await other.logIn(email);
  await other.isOf(email);
  return { email, dialogs: [one, other] };
}
