import { expect, test } from 'vitest';

import type { GuestRequest } from '../protocol/generated';
import { Guest } from './guest';
import type { GuestAnswer } from './server';
import { storeInMemory } from './store';

function setUp(answer: (request: GuestRequest, call: number) => GuestAnswer, store = storeInMemory()) {
  const requests: GuestRequest[] = [];
  let ids = 0;
  const guest = new Guest({
    store,
    server: {
      config: () => Promise.reject(new Error('not asked for here')),
      createGuest: (request) => {
        requests.push(request);
        return Promise.resolve(answer(request, requests.length));
      },
    },
    newId: () => `id-${(ids += 1)}`,
    newName: () => Promise.resolve('Ada'),
    safeName: () => 'Calm Otter',
  });
  return { guest, requests, store };
}

function created({ id, name }: GuestRequest, call: number): GuestAnswer {
  return { kind: 'created', guest: { user: { id, name }, token: `token-${call}` } };
}

test('a new guest is made once, and kept for the tab', async () => {
  const { guest, requests, store } = setUp(created);
  expect(await guest.token()).toBe('token-1');
  expect(await guest.token()).toBe('token-1');
  expect(requests).toEqual([{ id: 'id-1', name: 'Ada' }]);

  const afterReload = setUp(created, store);
  expect(await afterReload.guest.token()).toBe('token-1');
  expect(afterReload.guest.id).toBe('id-1');
  expect(afterReload.requests).toEqual([]);
});

test('those who ask at the same time get the same guest', async () => {
  const { guest, requests } = setUp(created);
  expect(await Promise.all([guest.token(), guest.token()])).toEqual(['token-1', 'token-1']);
  expect(requests).toHaveLength(1);
});

test('a GUID that is taken is replaced by another', async () => {
  const { guest, requests } = setUp((request, call) =>
    call === 1 ? { kind: 'taken' } : created(request, call),
  );
  await guest.token();
  expect(requests.map(({ id }) => id)).toEqual(['id-1', 'id-2']);
  expect(guest.id).toBe('id-2');
});

test('a name that the server does not like is replaced by a safe one', async () => {
  const { guest, requests } = setUp((request, call) =>
    call === 1 ? { kind: 'badName' } : created(request, call),
  );
  await guest.token();
  expect(requests.map(({ name }) => name)).toEqual(['Ada', 'Calm Otter']);
});

test('a forgotten token is replaced, for the same guest under its latest name', async () => {
  const { guest, requests } = setUp(created);
  await guest.token();
  guest.renamed('Countess');
  guest.forget();
  expect(await guest.token()).toBe('token-2');
  expect(requests[1]).toEqual({ id: 'id-1', name: 'Countess' });
});

test('a server that takes no guest at all is not asked for ever', async () => {
  const { guest, requests } = setUp(() => ({ kind: 'taken' }));
  await expect(guest.token()).rejects.toThrow('the server takes no guest');
  expect(requests.length).toBeLessThan(10);
});
