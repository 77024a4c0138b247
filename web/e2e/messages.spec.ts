import { hasNoViolations } from './support/axe';
import { expect, test } from './support/fixtures';

test('an own message is changed and deleted, for everyone, and says so', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  await ada.say('Frist try');
  await expect(grace.message('Frist try')).toHaveCount(1);

  await ada.does('Edit', 'Frist try');
  const field = ada.log.getByRole('textbox', { name: 'Change the message' });
  await field.fill('First try');
  await field.press('Enter');
  for (const reader of [ada, grace]) {
    await expect(reader.message('First try')).toContainText('edited');
    await expect(reader.message('Frist try')).toHaveCount(0);
  }

  await ada.does('Delete', 'First try');
  const question = ada.log.getByRole('alertdialog');
  await expect(question).toContainText('Delete this message for everyone?');
  await hasNoViolations(ada.page);
  await question.getByRole('button', { name: 'Delete' }).click();
  for (const reader of [ada, grace]) {
    await expect(reader.log.getByTestId('erased')).toContainText('This message was deleted.');
    await expect(reader.message('First try')).toHaveCount(0);
  }
});

test('who reacts is counted, joins in with a click, and takes it back with another', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  await ada.say('Cake?');
  await grace.does('React', 'Cake?');
  const picker = grace.log.getByTestId('picker');
  await expect(picker.getByRole('button').first()).toBeFocused();
  await hasNoViolations(grace.page);
  await picker.getByRole('button', { name: 'React with 🎉' }).click();

  const seen = ada.row('Cake?').getByTestId('reactions').getByRole('button');
  const own = grace.row('Cake?').getByTestId('reactions').getByRole('button');
  await expect(seen).toHaveAccessibleName('🎉, 1 person');
  await expect(own).toHaveAttribute('aria-pressed', 'true');
  await seen.click();
  await expect(own).toHaveAccessibleName('🎉, 2 people');
  await hasNoViolations(ada.page);
  await seen.click();
  await expect(own).toHaveAccessibleName('🎉, 1 person');

  await grace.does('React', 'Cake?');
  await picker.getByRole('textbox', { name: 'Another emoji' }).fill('🍰');
  await picker.getByRole('button', { name: 'Add' }).click();
  await expect(seen).toHaveCount(2);
});

test('with an @ one finds a name, and who is meant sees it marked', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  await grace.rename('Grace Hopper');
  await ada.seesPeople([await ada.name(), 'Grace Hopper']);
  await ada.composer.pressSequentially('Ask @gra');
  await expect(ada.page.getByRole('option', { name: 'Grace Hopper' })).toBeVisible();
  await hasNoViolations(ada.page);
  await ada.composer.press('Enter');
  await expect(ada.composer).toHaveValue('Ask @Grace Hopper ');
  await ada.composer.pressSequentially('about it');
  await ada.composer.press('Enter');
  const mention = (reader: typeof ada) => reader.message('about it').locator('[data-mention]');
  await expect(mention(grace)).toHaveText('@Grace Hopper');
  await expect(mention(grace)).toHaveAttribute('data-mention', 'own');
  await expect(mention(ada)).toHaveAttribute('data-mention', 'other');
  await hasNoViolations(grace.page);
});

test('messages are reached, changed and left with the keyboard alone', async ({ enters }) => {
  const ada = await enters();
  await ada.say('One');
  await ada.say('Two');
  await expect(ada.message('Two')).toHaveCount(1);
  await ada.composer.press('ArrowUp');
  await expect(ada.log.getByRole('textbox', { name: 'Change the message' })).toHaveValue('Two');
  await ada.page.keyboard.type(' and a half');
  await ada.page.keyboard.press('Enter');
  await expect(ada.message('Two and a half')).toHaveCount(1);
  await ada.log.focus();
  await ada.page.keyboard.press('ArrowUp');
  await ada.page.keyboard.press('ArrowUp');
  await expect(ada.row('One')).toBeFocused();
  await ada.page.keyboard.press('Tab');
  await expect(ada.row('One').getByRole('button', { name: 'React' })).toBeFocused();
  await ada.page.keyboard.press('Escape');
  await expect(ada.log).toBeFocused();
});

test('what is loaded can be searched, from the newest up', async ({ enters }) => {
  const ada = await enters();
  for (const text of ['An apple', 'A pear', 'Apples again']) await ada.say(text);
  await expect(ada.message('Apples again')).toHaveCount(1);
  await ada.page.getByRole('button', { name: 'Search' }).click();
  const field = ada.page.getByRole('searchbox', { name: 'Search in what is loaded' });
  await field.fill('apple');
  await expect(ada.page.getByRole('search')).toContainText('2 of 2');
  await expect(ada.log.locator('mark')).toHaveText(['apple', 'Apple']);
  await field.press('Enter');
  await expect(ada.page.getByRole('search')).toContainText('1 of 2');
  await expect(ada.message('An apple')).toBeInViewport();
  await hasNoViolations(ada.page);
  await field.fill('cherry');
  await expect(ada.page.getByRole('search')).toContainText('Nothing found');
  await field.press('Escape');
  await expect(ada.log.locator('mark')).toHaveCount(0);
});
