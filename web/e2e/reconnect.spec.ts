import { expect, test } from './support/fixtures';

test('after its server is killed a page goes on with another one, and misses nothing', async ({
  comes,
  enters,
  redis,
  room,
  startServer,
  switchboard,
}) => {
  const first = await startServer({ redisUrl: redis.url });
  const second = await startServer({ redisUrl: redis.url });
  const lines = await switchboard(first.port, second.port);
  const grace = await enters();
  const ada = await comes(`${lines.url}/#${room}`);
  await ada.isConnected();
  await grace.say('before');
  await expect(ada.message('before')).toHaveCount(1);

  lines.use();
  await first.program.kill();
  await expect(ada.notices).toContainText(['Connection closed: the connection broke.']);
  await grace.say('missed one');
  await grace.say('missed two');
  await expect(grace.message('missed two')).toHaveCount(1);
  lines.use(first.port, second.port);

  await expect(ada.message('missed two')).toHaveCount(1);
  await ada.isConnected();
  await ada.say('after');
  await expect(grace.message('after')).toHaveCount(1);
  const texts = ['before', 'missed one', 'missed two', 'after'];
  for (const person of [ada, grace]) {
    await expect(person.log.getByTestId('message').locator('.text')).toHaveText(texts);
  }
  await expect(ada.notices).toContainText(['Connection closed', 'Connected again.']);
});

test('a server that ends tells its sessions, and the page tells why', async ({ comes, startServer }) => {
  const server = await startServer();
  const ada = await comes(server.url);
  await ada.isConnected();
  await server.program.end('SIGTERM');
  await expect(ada.notices).toHaveText([/^Connection closed: the server (was shut down|is being emptied)\./]);
  await expect(ada.connection).toHaveText(/^Reconnecting|^Connecting/);
});

test('while it waits the page counts down, and can be told to go on at once', async ({
  comes,
  room,
  servers,
  switchboard,
}) => {
  const lines = await switchboard(servers[0].port);
  const ada = await comes(`${lines.url}/#${room}`);
  await ada.isConnected();
  lines.cut();
  await expect(ada.connection).toHaveText(/^Reconnecting in \d+ s$/);
  // After some failures the wait is long enough to be tired of it.
  await expect(ada.connection).toHaveText(/^Reconnecting in ([3-9]|[12]\d) s$/, { timeout: 60_000 });
  lines.restore();
  await ada.page.getByRole('button', { name: 'Reconnect now' }).click();
  await ada.isConnected();
  await expect(ada.page.getByRole('button', { name: 'Reconnect now' })).toHaveCount(0);
});

test('what is said without a connection is kept, over a reload as well, and sent exactly once', async ({
  comes,
  enters,
  room,
  servers,
  switchboard,
}) => {
  const lines = await switchboard(servers[0].port);
  const grace = await enters(1);
  const ada = await comes(`${lines.url}/#${room}`);
  await ada.isConnected();
  lines.cut();
  await expect(ada.notices).toContainText(['Connection closed']);
  await ada.say('first');
  await ada.say('second');
  await expect(ada.pending('first')).toContainText('Waiting for the connection');
  await expect(ada.pending('second')).toHaveCount(1);

  lines.restore();
  await ada.page.reload();
  await ada.isConnected();
  await expect(ada.log.getByTestId('pending')).toHaveCount(0);

  await ada.say('third');
  for (const person of [ada, grace]) {
    await expect(person.log.getByTestId('message').locator('.text')).toHaveText(['first', 'second', 'third']);
  }
});

test('what was stored although its answer was lost is shown once, and stored once', async ({
  comes,
  enters,
  room,
  servers,
  switchboard,
}) => {
  const lines = await switchboard(servers[0].port);
  const grace = await enters(1);
  const ada = await comes(`${lines.url}/#${room}`);
  await ada.isConnected();

  lines.muteServers();
  await ada.say('Was it heard?');
  await expect(grace.message('Was it heard?')).toHaveCount(1);
  await expect(ada.pending('Was it heard?')).toContainText('Sending…');
  lines.cut();
  await expect(ada.notices).toContainText(['Connection closed']);
  lines.restore();

  await expect(ada.message('Was it heard?')).toHaveCount(1);
  await expect(ada.pending('Was it heard?')).toHaveCount(0);
  await ada.say('Yes');
  for (const person of [ada, grace]) {
    await expect(person.log.getByTestId('message').locator('.text')).toHaveText(['Was it heard?', 'Yes']);
  }
});

test('a page whose server leaves in order moves without a word to its reader', async ({
  comes,
  enters,
  redis,
  room,
  startServer,
  switchboard,
}) => {
  const first = await startServer({ redisUrl: redis.url, drainSeconds: 2 });
  const second = await startServer({ redisUrl: redis.url });
  const lines = await switchboard(first.port, second.port);
  const grace = await enters();
  const ada = await comes(`${lines.url}/#${room}`);
  await ada.isConnected();
  const names = [await grace.name(), await ada.name()];
  await grace.seesPeople(names);

  lines.use(second.port);
  // Ends when it is empty, so when this returns the page has moved.
  await first.program.end('SIGTERM');

  await ada.isConnected();
  await ada.say('From the other server');
  await expect(grace.message('From the other server')).toHaveCount(1);
  await expect(ada.notices).toHaveCount(0);
  await grace.seesPeople(names);
});

test('a server that has forgotten everything gets the same guest again, and the loss is told', async ({
  comes,
  startServer,
}) => {
  const before = await startServer();
  const ada = await comes(before.url);
  await ada.isConnected();
  await ada.rename('Countess of Lovelace');
  await ada.say('Soon forgotten');
  await expect(ada.message('Soon forgotten')).toHaveCount(1);

  await before.program.kill();
  await expect(ada.notices).toContainText(['Connection closed']);
  await startServer({ listen: `127.0.0.1:${before.port}` });

  await expect(ada.notices).toContainText(['The server began this room anew.'], { timeout: 60_000 });
  await ada.isConnected();
  await expect(ada.nameButton.locator('bdi')).toHaveText('Countess of Lovelace');
  await ada.say('Still here');
  await expect(ada.message('Still here')).toHaveCount(1);
});

test('what cannot be stored just now waits, and is sent once the store is back', async ({
  comes,
  ownRedis,
  startServer,
}) => {
  const server = await startServer({ redisUrl: ownRedis.url });
  const ada = await comes(server.url);
  await ada.isConnected();
  await ada.say('before');
  await expect(ada.message('before')).toHaveCount(1);

  ownRedis.pause();
  await ada.say('meanwhile');
  await expect(ada.pending('meanwhile').getByRole('alert')).toBeVisible();
  await expect(ada.connection).toHaveText('Connected');
  ownRedis.resume();

  await expect(ada.message('meanwhile')).toHaveCount(1, { timeout: 60_000 });
  await expect(ada.pending('meanwhile')).toHaveCount(0);
  await ada.say('after');
  await expect(ada.log.getByTestId('message').locator('.text')).toHaveText(['before', 'meanwhile', 'after']);
});
