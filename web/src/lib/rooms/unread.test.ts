import { expect, test } from 'vitest';

import type { Frame } from '../protocol/frames';
import { emptyRoom, withEvent, withJoined, type Room } from '../room/room';
import { opened } from './rooms';
import { readOnServer, readUpTo, unreadByRoom, unreadIn, unreadWords, withUnread } from './unread';

function message(offset: number, user = 'grace'): Frame<'message'> {
  const time = '2026-01-31T08:05:09.042Z';
  return {
    type: 'message',
    room: 'lobby',
    offset,
    id: `m${offset}`,
    user: { id: user, name: user },
    text: 'x',
    time,
  };
}

/** With the messages from `from` to `to`, and those of `own` one's own. */
function room(from: number, to: number, own: number[] = []): Room {
  const messages = Array.from({ length: to - from + 1 }, (_, index) => from + index).map((offset) =>
    message(offset, own.includes(offset) ? 'ada' : 'grace'),
  );
  const frame = { room: 'lobby', epoch: 'e1', offset: to, recovered: false, messages, members: [], count: 0 };
  return withJoined(emptyRoom('lobby'), { type: 'joined', ...frame }, false, 0);
}

test('what is here is counted, without what one said oneself', () => {
  const read = { offset: 3, unread: 99, countedTo: 3 };
  expect(unreadIn({ room: room(1, 8, [5, 6]), read }, 'ada')).toBe(3);
});

test("what is not here is the server's count, and what came since", () => {
  const read = { offset: 3, unread: 40, countedTo: 50 };
  const later = withEvent(room(45, 50), message(51));
  if (later === undefined) throw new Error('a message was missing');
  expect(unreadIn({ room: room(45, 50), read }, 'ada')).toBe(40);
  expect(unreadIn({ room: later, read }, 'ada')).toBe(41);
});

test('a room in which one never read has nothing that is unread', () => {
  expect(unreadIn({ room: room(1, 8), read: undefined }, 'ada')).toBe(0);
});

test('it ends at a hundred, and says so', () => {
  const open = { ...opened('lobby'), room: room(1, 300), read: { offset: 1, unread: 100, countedTo: 300 } };
  expect(unreadByRoom(new Map([['lobby', open]]), 'ada').get('lobby')).toBe(100);
  expect([unreadWords(3), unreadWords(100)]).toEqual(['3', '99+']);
});

test('the list of rooms has what is unread by now, and the count of the server where one is not', () => {
  const listed = (name: string) => {
    const info = { room: name, kind: 'public', title: name, topic: '', present: 1 } as const;
    return { info, epoch: 'e1', latest: 8, read: 5, unread: 7 };
  };
  const open = { ...opened('lobby'), room: room(1, 8), read: { offset: 5, unread: 7, countedTo: 8 } };
  const counts = withUnread([listed('lobby'), listed('other')], new Map([['lobby', open]]), 'ada');
  expect(counts.map(({ unread }) => unread)).toEqual([3, 7]);
});

test('what one reads here or on another device is read, and never unread again', () => {
  const open = { ...opened('lobby'), room: room(1, 8) };
  const here = readUpTo(open, 6, 'ada');
  expect(unreadIn(here, 'ada')).toBe(2);
  expect(readUpTo(here, 5, 'ada')).toBe(here);
  const there = readOnServer(here, 8, 0);
  expect(unreadIn(there, 'ada')).toBe(0);
  expect(readOnServer(there, 7, 1)).toBe(there);
});
