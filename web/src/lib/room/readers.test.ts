import { describe, expect, test } from 'vitest';

import type { Frame } from '../protocol/frames';
import type { Line } from './lines';
import { NO_READERS, seenMarks, withReaders } from './readers';

const BOB = { id: 'bob', name: 'Bob' };
const GRACE = { id: 'grace', name: 'Grace' };
const TIME = '2026-01-31T08:05:09.042Z';

function seen(offset: number, user: typeof BOB, of: number): Frame<'seen'> {
  return { type: 'seen', room: '~p', offset, user, of, time: TIME };
}

/** Messages at these offsets. */
function lines(by: string, ...offsets: number[]): Line[] {
  return offsets.map((offset) => {
    const user = { id: by, name: by };
    const message = { room: '~p', offset, id: `m${offset}`, user, text: 'hello', time: TIME };
    return { key: message.id, message };
  });
}

function marked(all: readonly Line[], ...events: Frame<'seen'>[]): Record<string, string[]> {
  const marks = seenMarks(all, withReaders(NO_READERS, events), 'me');
  return Object.fromEntries([...marks].map(([id, users]) => [id, users.map(({ name }) => name)]));
}

describe('who has read', () => {
  test('is known by the furthest place, whatever order the events come in', () => {
    const later = withReaders(NO_READERS, [seen(5, BOB, 4), seen(6, GRACE, 3)]);
    const older = withReaders(later, [seen(2, BOB, 1), seen(3, GRACE, 1)]);
    expect(older).toBe(later);
    expect([...older.values()].map(({ of }) => of)).toEqual([4, 3]);
    expect(withReaders(older, [seen(8, BOB, 7)]).get('bob')?.of).toBe(7);
    expect(older.get('bob')?.of).toBe(4);
  });

  test('is as before when an event tells of something else', () => {
    const message = {
      type: 'message',
      room: '~p',
      offset: 1,
      id: 'm1',
      user: BOB,
      text: '',
      time: TIME,
    } as const;
    expect(withReaders(NO_READERS, [message])).toBe(NO_READERS);
  });
});

describe('a mark', () => {
  test('is at the last own message that somebody has read, with all who have', () => {
    const own = lines('me', 2, 3, 6, 9);
    expect(marked(own, seen(8, BOB, 7), seen(4, GRACE, 3))).toEqual({ m6: ['Bob'], m3: ['Bob', 'Grace'] });
    expect(marked(own, seen(10, BOB, 9), seen(11, GRACE, 9))).toEqual({ m9: ['Bob', 'Grace'] });
  });

  test('is at no message of others, and not of one’s own reading', () => {
    expect(marked(lines('bob', 1, 2), seen(3, BOB, 2), seen(4, GRACE, 2))).toEqual({});
    expect(marked(lines('me', 1), seen(2, { id: 'me', name: 'me' }, 1))).toEqual({});
  });

  test('is nowhere when what was read is not loaded', () => {
    expect(marked(lines('me', 20, 21), seen(9, BOB, 8))).toEqual({});
    expect(marked([], seen(9, BOB, 8))).toEqual({});
  });
});
