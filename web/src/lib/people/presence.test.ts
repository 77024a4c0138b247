import { expect, test } from 'vitest';

import type { Frame } from '../protocol/frames';
import type { User } from '../protocol/generated';
import { fromJoined, NOBODY, peopleList, withName, withPresence, type Presence } from './presence';

const ada = { id: 'a', name: 'Ada' };
const grace = { id: 'g', name: 'Grace' };
const emile = { id: 'e', name: 'émile' };

function joined(members: User[], count = members.length): Presence {
  return fromJoined({
    type: 'joined',
    room: 'lobby',
    epoch: 'e',
    offset: 0,
    recovered: false,
    messages: [],
    members,
    count,
  });
}

function change(joined: User[], left: string[], count: number): Frame<'presence'> {
  return { type: 'presence', room: 'lobby', joined, left, count };
}

function names(presence: Presence, self?: string): string[] {
  return peopleList(presence, self).people.map(({ name }) => name);
}

test('those who come and go are in and out of the list', () => {
  const presence = withPresence(joined([ada, grace]), change([emile], ['g'], 2));
  expect(names(presence)).toEqual(['Ada', 'émile']);
  expect(presence.count).toBe(2);
});

test('one who leaves and comes within a batch is there', () => {
  expect(names(withPresence(joined([ada]), change([ada], ['a'], 1)))).toEqual(['Ada']);
});

test('one who comes twice is there once', () => {
  expect(names(withPresence(joined([ada]), change([ada], [], 1)))).toEqual(['Ada']);
});

test('a rename changes the list, and nothing for those who are not in it', () => {
  const presence = joined([ada]);
  expect(names(withName(presence, 'a', 'Countess'))).toEqual(['Countess']);
  expect(withName(presence, 'x', 'Nobody')).toBe(presence);
});

test('oneself is first, then all by name, whatever their case and accents', () => {
  expect(names(joined([{ id: 'z', name: 'zoe' }, grace, emile, ada]), 'g')).toEqual([
    'Grace',
    'Ada',
    'émile',
    'zoe',
  ]);
});

test('in a large room the unlisted are counted', () => {
  expect(peopleList(joined([ada], 300), undefined).unlisted).toBe(299);
  expect(peopleList(NOBODY, undefined)).toEqual({ people: [], unlisted: 0 });
});
