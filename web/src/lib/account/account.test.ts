import { beforeEach, describe, expect, test } from 'vitest';

import { AccountsApi } from '../api/accounts';
import type { Answer, Call } from '../api/http';
import { Guest } from '../identity/guest';
import { storeInMemory, type Store } from '../identity/store';
import { Account, type AccountState } from './account';

const CREATED = { user: { id: 'ada', name: 'Ada' }, token: 'secret', device: 'd1', expires: 'later' };
const PROFILE = { user: CREATED.user, account: true, email: 'ada@example.org', created: 'then', names: [] };

/** What the server answers to "METHOD /path"; a string is the code of a refusal. */
let answers: Record<string, object | string | undefined>;
let asked: string[];
let tab: Store;
let site: Store;
let states: AccountState[];
let anew: number;

function answerTo<T>({ method, path, answer }: Call<T>): Promise<Answer<T>> {
  const key = `${method} ${path}`;
  asked.push(key);
  const said = answers[key];
  if (typeof said === 'string') {
    return Promise.resolve({
      ok: false,
      refusal: { code: said, words: `${said}.`, detail: said, retryAfterMs: undefined },
    });
  }
  if (!answer(said)) throw new Error(`the test has no answer to ${key}`);
  return Promise.resolve({ ok: true, value: said });
}

function open(takesGuests = true): Account {
  const guest = new Guest({
    store: tab,
    server: {
      config: () => Promise.reject(new Error('not asked for here')),
      createGuest: ({ id, name }) =>
        Promise.resolve(
          takesGuests
            ? { kind: 'created', guest: { user: { id, name }, token: `token of ${id}` } }
            : { kind: 'noGuests' },
        ),
    },
    newId: () => 'guest',
    newName: () => Promise.resolve('Calm Otter'),
    safeName: () => 'Calm Otter',
  });
  return new Account({
    guest,
    api: new AccountsApi(answerTo),
    store: site,
    device: 'a test',
    changed: (state) => states.push(state),
    speakAnew: () => {
      anew += 1;
    },
  });
}

beforeEach(() => {
  answers = {
    'POST /api/v1/users': CREATED,
    'POST /api/v1/sessions': CREATED,
    'GET /api/v1/me': PROFILE,
    'DELETE /api/v1/sessions/current': undefined,
  };
  [asked, states, anew] = [[], [], 0];
  [tab, site] = [storeInMemory(), storeInMemory()];
});

test('a page without an account speaks with the token of its guest', async () => {
  const account = open();
  expect(await account.token()).toBe('token of guest');
  expect(account.bearer).toBe('token of guest');
  expect(asked).toEqual([]);
});

describe('who logs in', () => {
  test('speaks by the cookie from then on, and after a reload', async () => {
    const account = open();
    await account.token();
    expect(await account.login('ada@example.org', 'secret password')).toBeUndefined();
    expect(anew).toBe(1);
    expect(account.state.profile).toEqual(PROFILE);
    expect([account.id, account.bearer, await account.token()]).toEqual(['ada', undefined, undefined]);

    const reloaded = open();
    expect(await reloaded.token()).toBeUndefined();
    expect(reloaded.state.profile?.email).toBe('ada@example.org');
  });

  test('with a wrong password stays the guest', async () => {
    answers['POST /api/v1/sessions'] = 'wrongPassword';
    const account = open();
    expect((await account.login('ada@example.org', 'wrong'))?.code).toBe('wrongPassword');
    expect([anew, await account.token()]).toEqual([0, 'token of guest']);
  });
});

test('a guest that becomes an account is no guest any more: the next one is another', async () => {
  const account = open();
  await account.token();
  await account.register('ada@example.org', 'secret password');
  expect(account.id).toBe('ada');
  expect(tab.read('hubbub.guest')).toBeNull();
  expect(asked).toContain('DELETE /api/v1/sessions?others=true');
});

test('who logs out is a guest again, and is not told that somebody else did it', async () => {
  const account = open();
  await account.login('ada@example.org', 'secret password');
  expect(await account.logout()).toBeUndefined();
  expect([account.state.profile, account.state.endedElsewhere, anew]).toEqual([undefined, false, 2]);
  expect(await account.token()).toBe('token of guest');
});

describe('who was logged out elsewhere', () => {
  test('is told so and goes on as a guest', async () => {
    const account = open();
    await account.login('ada@example.org', 'secret password');
    answers['GET /api/v1/me'] = 'notLoggedIn';
    account.forget();
    expect(await account.token()).toBe('token of guest');
    expect(account.state.endedElsewhere).toBe(true);
    account.dismiss();
    expect(account.state.endedElsewhere).toBe(false);
  });

  test('is not only because the server can not tell: then nobody speaks', async () => {
    const account = open();
    await account.login('ada@example.org', 'secret password');
    answers['GET /api/v1/me'] = 'engineUnavailable';
    account.forget();
    await expect(account.token()).rejects.toThrow('engineUnavailable');
    answers['GET /api/v1/me'] = PROFILE;
    expect(await account.token()).toBeUndefined();
  });
});

describe('where another login says who one is', () => {
  test('its cookie speaks', async () => {
    const account = open(false);
    expect(await account.token()).toBeUndefined();
    expect([account.id, account.state.profile?.user.name]).toEqual(['ada', 'Ada']);
    expect(account.bearer).toBeUndefined();
  });

  test('who has none does not speak until there is one', async () => {
    answers['GET /api/v1/me'] = 'notLoggedIn';
    const account = open(false);
    await expect(account.token()).rejects.toThrow('notLoggedIn');
    answers['GET /api/v1/me'] = PROFILE;
    expect(await account.token()).toBeUndefined();
  });
});
