import { describe, expect, test } from 'vitest';

import type { MyRoom, RoomInfo } from '../protocol/generated';
import { linkOf, matching, sorted, titleOf, userIdIn } from './directory';

const PRIVATE = '~p0123456789abcdef0123456789abcdef';
const ADA = '0198c2a5-1f6e-7a3b-8c4d-5e6f708192a3';

function info(room: string, rest: Partial<RoomInfo> = {}): RoomInfo {
  return { room, kind: 'public', title: room, topic: '', present: 0, ...rest };
}

function mine(room: string, unread: number, title = room): MyRoom {
  return { info: info(room, { title }), epoch: 'e', latest: unread, read: 0, unread };
}

describe('rooms', () => {
  const rooms = [info('kitchen', { topic: 'What is for lunch' }), info('garden', { title: 'Der Garten' })];

  test.each([
    ['', ['kitchen', 'garden']],
    ['LUNCH', ['kitchen']],
    ['gart der', ['garden']],
    ['cellar', []],
  ])('that match %j are %j', (text, names) => {
    expect(matching(rooms, text).map(({ room }) => room)).toEqual(names);
  });

  test('with something unread are first, the rest by title', () => {
    const order = sorted([mine('b', 0), mine('c', 2), mine('a', 0)]).map((room) => room.info.room);
    expect(order).toEqual(['c', 'a', 'b']);
    expect(sorted([mine('b', 1), mine('c', 2)], 'c').map(({ info: { room } }) => room)).toEqual(['b', 'c']);
  });

  test('without a known title are never shown by an address for machines', () => {
    expect(titleOf('lobby')).toBe('lobby');
    expect(titleOf(PRIVATE)).toBe('Private room');
  });
});

test('a link has the id of its owner, and the id alone does as well', () => {
  const link = linkOf(ADA, 'https://chat.example/?room=a#b');
  expect(link).toBe(`https://chat.example/?user=${ADA}`);
  expect(userIdIn(link)).toBe(ADA);
  expect(userIdIn(` ${ADA.toUpperCase()} `)).toBe(ADA);
  expect(userIdIn('Ada')).toBeUndefined();
});
