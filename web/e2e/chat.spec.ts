import { expect, test } from './support/fixtures';

test('what one says is seen by all, on every server, with name and local time', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  const name = await ada.name();

  await ada.say('Hello from the first server');

  const bubble = grace.message('Hello from the first server');
  await expect(bubble).toHaveCount(1);
  const row = grace.row('Hello from the first server');
  await expect(row.getByText(name, { exact: true })).toBeVisible();
  const time = bubble.getByRole('time');
  const written = new Date((await time.getAttribute('datetime')) ?? '');
  const local = written.toLocaleTimeString('en-US', { hour: '2-digit', minute: '2-digit' });
  await expect(time).toHaveText(local);

  await expect(row).toHaveAttribute('data-own', 'false');
  const own = ada.row('Hello from the first server');
  await expect(own).toHaveAttribute('data-own', 'true');
  await expect(ada.pending('Hello')).toHaveCount(0);
});

test('an answer comes back, and both see the same order', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  const texts: string[] = [];
  for (const [person, text] of [
    [ada, 'one'],
    [grace, 'two'],
    [ada, 'three'],
    [grace, 'four'],
  ] as const) {
    texts.push(text);
    await person.say(text);
    for (const reader of [ada, grace]) {
      await expect(reader.log.getByTestId('message').locator('.text')).toHaveText(texts);
    }
  }
});

test('who comes later sees what was said before', async ({ enters }) => {
  const ada = await enters();
  await ada.say('Said before Grace came');
  await expect(ada.message('Said before')).toHaveCount(1);
  const grace = await enters(1);
  await expect(grace.message('Said before Grace came')).toHaveCount(1);
});

test('lines are kept, HTML is text, and an address is a safe link', async ({ enters }) => {
  const ada = await enters();
  await ada.composer.pressSequentially('<b>one</b>');
  await ada.composer.press('Shift+Enter');
  await ada.composer.pressSequentially('see https://example.org/a.');
  await expect(ada.composer).toHaveValue('<b>one</b>\nsee https://example.org/a.');
  await ada.composer.press('Enter');

  const bubble = ada.message('<b>one</b>');
  await expect(bubble.locator('.text')).toHaveText('<b>one</b>\nsee https://example.org/a.', {
    useInnerText: true,
  });
  const link = bubble.getByRole('link', { name: 'https://example.org/a' });
  await expect(link).toHaveAttribute('href', 'https://example.org/a');
  await expect(link).toHaveAttribute('rel', /noopener/);
  await expect(ada.composer).toHaveValue('');
});

test('a room is named by the address, either way, and rooms do not hear each other', async ({
  comes,
  servers,
  room,
}) => {
  const [{ url }] = servers;
  const ada = await comes(`${url}/#${room}`);
  const grace = await comes(`${url}/?room=${room}`);
  const other = await comes(`${url}/`);
  for (const person of [ada, grace, other]) await person.isConnected();
  await expect(other.page.getByRole('heading', { level: 1 })).toHaveText(/lobby$/);

  await ada.say('Only for this room');
  await expect(grace.message('Only for this room')).toHaveCount(1);
  await expect(other.message('Only for this room')).toHaveCount(0);
});

test('another room is a word away, and the way back as well', async ({ enters, room }) => {
  const ada = await enters();
  await ada.say('In the first room');
  await expect(ada.message('In the first room')).toHaveCount(1);

  const people = ada.page.getByRole('button', { name: 'People here' });
  if (await people.isVisible()) await people.click();
  await ada.page.getByLabel('Go to another room').fill(`${room}-b`);
  await ada.page.getByRole('button', { name: 'Go', exact: true }).click();
  await expect(ada.page.getByRole('heading', { level: 1 })).toContainText(`${room}-b`);
  await expect(ada.log.getByText('Nothing was said here yet')).toBeVisible();

  await ada.page.goBack();
  await expect(ada.message('In the first room')).toHaveCount(1);
});

test('an address with an impossible room says so and opens the default one', async ({ comes, servers }) => {
  const ada = await comes(`${servers[0].url}/#a%20b`);
  await ada.isConnected();
  await expect(ada.page.getByRole('alert')).toContainText('“a b” cannot be a room');
  await expect(ada.page.getByRole('heading', { level: 1 })).toHaveText(/lobby$/);
});

test('near its limit a message is counted, and beyond it cannot be sent', async ({ enters }) => {
  const ada = await enters();
  const button = ada.page.getByRole('button', { name: 'Send' });
  await ada.composer.fill('x'.repeat(4000));
  await expect(ada.page.getByText('0 characters left')).toBeVisible();
  await expect(button).toBeEnabled();
  await ada.composer.fill('x'.repeat(4001));
  await expect(ada.page.getByText('1 character too many')).toBeVisible();
  await expect(button).toBeDisabled();
  await ada.composer.press('Enter');
  await expect(ada.composer).toHaveValue('x'.repeat(4001));
});

test('who reads further up is not moved, and is told of new messages', async ({ enters }) => {
  const ada = await enters(0);
  const grace = await enters(1);
  for (let line = 1; line <= 30; line += 1) await grace.say(`line ${line}.`);
  await expect(ada.message('line 30.')).toBeInViewport();

  await ada.log.focus();
  await ada.log.press('Home');
  await expect(ada.message('line 1.')).toBeInViewport();
  await grace.say('Something new');
  const button = ada.page.getByRole('button', { name: 'New messages' });
  await expect(button).toBeVisible();
  await expect(ada.message('line 1.')).toBeInViewport();

  await button.click();
  await expect(ada.message('Something new')).toBeInViewport();
  await expect(button).toHaveCount(0);
  await grace.say('And more');
  await expect(ada.message('And more')).toBeInViewport();
});
