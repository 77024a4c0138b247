import { AccountDialog, newEmail, onTwoDevices, PASSWORD } from './support/account';
import { hasNoViolations, nothingIsCutOff } from './support/axe';
import { expect, test } from './support/fixtures';

test('a guest becomes an account, keeps its name, and is the same after a reload', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  await ada.rename('Ada Lovelace');
  await ada.say('Said as a guest');
  await expect(grace.message('Said as a guest')).toHaveCount(1);

  const account = new AccountDialog(ada.page);
  await account.open('Log in');
  await hasNoViolations(ada.page);
  const email = newEmail();
  await account.register(email);
  await account.isOf(email);
  await expect(account.field('Name')).toHaveValue('Ada Lovelace');
  await hasNoViolations(ada.page);
  await nothingIsCutOff(ada.page);
  await account.close();

  await ada.isConnected();
  await expect(ada.row('Said as a guest')).toHaveAttribute('data-own', 'true');
  await ada.say('Said with an account');
  await expect(grace.message('Said with an account')).toHaveCount(1);
  await grace.seesPeople([await grace.name(), 'Ada Lovelace']);

  await ada.page.reload();
  await ada.isConnected();
  await expect(ada.nameButton.locator('bdi')).toHaveText('Ada Lovelace');
  await account.open('Account');
  await account.isOf(email);
});

test('what cannot be is told at its field, and how long to wait as well', async ({ enters }) => {
  const ada = await enters();
  const account = new AccountDialog(ada.page);
  await account.open('Log in');
  await account.register('no address');
  await expect(account.dialog.getByRole('alert')).toHaveText('That is not an e-mail address.');
  await expect(account.field('E-mail address')).toBeFocused();
  await account.field('E-mail address').fill(newEmail());
  await account.field('Password').fill('short');
  await account.field('Password').press('Enter');
  await expect(account.dialog.getByRole('alert')).toHaveText('A password has 8 to 200 characters.');
  await expect(account.field('Password')).toBeFocused();
  await hasNoViolations(ada.page);

  await account.button('I have an account').click();
  await account.logIn(newEmail(), 'not the password');
  const alert = account.dialog.getByRole('alert');
  await expect(alert).toHaveText('That e-mail address and password do not belong together.');
  const email = newEmail();
  await expect(async () => {
    await account.logIn(email, 'not the password either');
    await expect(account.button('Log in')).toBeEnabled();
    await expect(alert).toHaveText(/^Too many attempts\. Try again in \d+ (second|minute|hour)s?\.$/, {
      timeout: 1_000,
    });
  }).toPass();
});

test('an e-mail address has one account, whatever its case', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const email = newEmail();
  const [first, second] = [new AccountDialog(ada.page), new AccountDialog(grace.page)];
  await first.open('Log in');
  await first.register(email);
  await first.isOf(email);
  await second.open('Log in');
  await second.register(email.toUpperCase());
  await expect(second.dialog.getByRole('alert')).toHaveText(
    'There is an account with this e-mail address already.',
  );
});

test('one who logs out is the guest of before, and can log in again', async ({ enters }) => {
  const ada = await enters();
  const guest = await ada.name();
  const account = new AccountDialog(ada.page);
  const email = newEmail();
  await account.open('Log in');
  await account.register(email);
  await account.isOf(email);
  await account.button('Log out').click();
  await expect(account.field('Password')).toBeVisible();
  await account.close();
  await ada.isConnected();
  await expect(ada.nameButton.locator('bdi')).not.toHaveText(guest);
  await expect(ada.page.getByText('You were logged out elsewhere.')).toHaveCount(0);

  await account.open('Log in');
  await account.logIn(email);
  await account.isOf(email);
  await account.close();
  await expect(ada.nameButton.locator('bdi')).toHaveText(guest);
});

test('devices are listed, and the one that is logged out elsewhere says so', async ({ enters }) => {
  const [ada, phone] = [await enters(0), await enters(1)];
  const [account, other] = (await onTwoDevices(ada, phone)).dialogs;
  await account.close();
  await other.close();
  await phone.isConnected();

  await account.open('Account');
  await expect(account.devices).toHaveCount(2);
  await expect(account.devices.filter({ hasText: 'this device' })).toHaveCount(1);
  // On whichever server they are.
  await expect(account.devices.filter({ hasText: 'Online now' })).toHaveCount(2);
  await hasNoViolations(ada.page);
  await nothingIsCutOff(ada.page);
  await account.button('Log out all others').click();
  await expect(account.devices).toHaveCount(1);

  await expect(phone.page.getByRole('alert')).toContainText('You were logged out elsewhere.');
  await phone.isConnected();
  await phone.say('As a guest again');
  await expect(ada.message('As a guest again')).toHaveCount(1);
  await hasNoViolations(phone.page);
  await phone.page.getByRole('button', { name: 'Understood' }).click();
  await expect(phone.page.getByText('You were logged out elsewhere.')).toHaveCount(0);
});

test('one device can be logged out from another', async ({ enters }) => {
  const [ada, phone] = [await enters(0), await enters(1)];
  const [account] = (await onTwoDevices(ada, phone)).dialogs;
  await account.close();
  await account.open('Account');
  await account.devices
    .filter({ hasNotText: 'this device' })
    .getByRole('button', { name: /^Log out/ })
    .click();
  await expect(account.devices).toHaveCount(1);
  await expect(phone.page.getByText('You were logged out elsewhere.')).toBeVisible();
});

test('a name is changed in the profile, which keeps those of before', async ({ enters }) => {
  const [ada, grace] = [await enters(0), await enters(1)];
  const before = await ada.name();
  const account = new AccountDialog(ada.page);
  const email = newEmail();
  await account.open('Log in');
  await account.register(email);
  await account.isOf(email);
  await account.field('Name').fill('Countess of Lovelace');
  await account.button('Save').click();
  await expect(account.dialog.getByText('Saved.')).toBeVisible();
  await account.dialog.getByText('Names you had').click();
  await expect(account.dialog.getByRole('listitem').filter({ hasText: before })).toBeVisible();
  await hasNoViolations(ada.page);
  await account.close();
  await expect(ada.nameButton.locator('bdi')).toHaveText('Countess of Lovelace');
  await grace.seesPeople([await grace.name(), 'Countess of Lovelace']);
});

test('a password is changed with the old one, and logs out all other devices', async ({ enters }) => {
  const [ada, phone] = [await enters(0), await enters(1)];
  const {
    email,
    dialogs: [account, other],
  } = await onTwoDevices(ada, phone);

  await account.dialog.locator('summary', { hasText: 'Change password' }).click();
  await account.field('Old password').fill('not the password');
  await account.field('New password').fill('another good password');
  await account.button('Change password').click();
  await expect(account.dialog.getByRole('alert')).toBeVisible();
  await account.field('Old password').fill(PASSWORD);
  await account.button('Change password').click();
  await expect(account.dialog.getByText('The password was changed.')).toBeVisible();
  await expect(phone.page.getByText('You were logged out elsewhere.')).toBeVisible();
  await other.logIn(email, 'another good password');
  await other.isOf(email);
});

test('an account that is deleted is gone', async ({ enters }) => {
  const ada = await enters();
  const account = new AccountDialog(ada.page);
  const email = newEmail();
  await account.open('Log in');
  await account.register(email);
  await account.isOf(email);
  await account.dialog.locator('summary', { hasText: 'Delete account' }).click();
  await hasNoViolations(ada.page);
  await account.field('Password').fill(PASSWORD);
  await account.button('Delete account').click();
  await expect(account.button('Log in')).toBeVisible();
  await account.logIn(email);
  await expect(account.dialog.getByRole('alert')).toHaveText(
    'That e-mail address and password do not belong together.',
  );
});

test('the account is there for who has no mouse', async ({ enters }) => {
  const ada = await enters();
  const { page } = ada;
  const account = new AccountDialog(page);
  const opener = page.getByRole('banner').getByRole('button', { name: 'Log in', exact: true });
  await opener.focus();
  await page.keyboard.press('Enter');
  await expect(account.dialog).toBeVisible();
  await account.button('Create an account').focus();
  await page.keyboard.press('Enter');
  const email = newEmail();
  await account.field('E-mail address').focus();
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await account.isOf(email);
  await page.keyboard.press('Escape');
  await expect(account.dialog).toBeHidden();
});
