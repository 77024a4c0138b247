// What the tests start with: a Redis and two servers that share it for each worker, a room for each test, and
// people who come with a browser of their own.

import { randomUUID } from 'node:crypto';

import { test as base, type Browser, type Page } from '@playwright/test';

import { startChatServer, type ChatServer, type ChatServerOptions } from './chat-server';
import { startNameApi, type NameApi } from './name-api';
import { Person } from './person';
import { startRedis, type Redis } from './redis';
import { Switchboard } from './switchboard';

interface WorkerFixtures {
  nameApi: NameApi;
  redis: Redis;
  /** Two servers that share a Redis. Not to be ended: other tests go on with them. */
  servers: readonly [ChatServer, ChatServer];
}

interface TestFixtures {
  /** A room that no other test uses. */
  room: string;
  /** Servers for this test alone, which may be ended. */
  startServer: (options?: Partial<ChatServerOptions>) => Promise<ChatServer>;
  /** A Redis for this test alone, which may be paused. */
  ownRedis: Redis;
  /** A switchboard in front of the servers of these ports. */
  switchboard: (...ports: number[]) => Promise<Switchboard>;
  /** Someone opens the page at an address. */
  comes: (url: string) => Promise<Person>;
  /** Someone opens the room of this test at the first server, or the second. */
  enters: (server?: 0 | 1) => Promise<Person>;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  nameApi: [
    async ({}, use) => {
      const api = await startNameApi();
      await use(api);
      await api.end();
    },
    { scope: 'worker' },
  ],

  redis: [
    async ({}, use) => {
      const redis = await startRedis();
      await use(redis);
      await redis.end();
    },
    { scope: 'worker' },
  ],

  servers: [
    async ({ nameApi, redis }, use) => {
      const options = { nameApi: nameApi.url, redisUrl: redis.url };
      const servers = [await startChatServer(options), await startChatServer(options)] as const;
      await use(servers);
      for (const { program } of servers) await program.kill();
    },
    { scope: 'worker' },
  ],

  room: async ({}, use) => {
    await use(`room-${randomUUID()}`);
  },

  startServer: async ({ nameApi }, use) => {
    const started: ChatServer[] = [];
    await use(async (options) => {
      const server = await startChatServer({ nameApi: nameApi.url, ...options });
      started.push(server);
      return server;
    });
    for (const { program } of started) await program.kill();
  },

  ownRedis: async ({}, use) => {
    const redis = await startRedis();
    await use(redis);
    await redis.end();
  },

  switchboard: async ({}, use) => {
    const made: Switchboard[] = [];
    await use(async (...ports) => {
      const switchboard = await Switchboard.before(...ports);
      made.push(switchboard);
      return switchboard;
    });
    for (const switchboard of made) await switchboard.end();
  },

  comes: async ({ browser }, use) => {
    const complaints: string[] = [];
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (url) => {
      const page = await newPage(browser, complaints);
      contexts.push(page.context());
      await page.goto(url);
      return new Person(page);
    });
    for (const context of contexts) await context.close();
    if (complaints.length > 0) throw new Error(`the browser complains:\n${complaints.join('\n')}`);
  },

  enters: async ({ comes, servers, room }, use) => {
    await use(async (server = 0) => {
      const person = await comes(`${servers[server].url}/#${room}`);
      await person.isConnected();
      return person;
    });
  },
});

async function newPage(browser: Browser, complaints: string[]): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A lost connection is an error to the browser as well; those belong to the tests.
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  return page;
}

export { expect } from '@playwright/test';
