import { describe, expect, test } from 'vitest';

import type { Frame } from '../protocol/frames';
import type { EventPage } from '../protocol/generated';
import { emptyRoom, LINES_KEPT, withJoined, withEvent, withNotice, withOlder, type Room } from './room';
import type { Line } from './lines';

function message(offset: number, id = `m${offset}`): Frame<'message'> {
  const user = { id: 'u1', name: 'Ada' };
  const time = '2026-01-31T08:05:09.042Z';
  return { type: 'message', room: 'lobby', offset, id, user, text: `text ${offset}`, time };
}

function joined(offsets: number[], rest: Partial<Frame<'joined'>> = {}): Frame<'joined'> {
  return {
    type: 'joined',
    room: 'lobby',
    epoch: 'e1',
    offset: offsets.at(-1) ?? 0,
    recovered: false,
    messages: offsets.map((offset) => message(offset)),
    members: [],
    count: 0,
    ...rest,
  };
}

function texts(lines: readonly Line[]): string[] {
  return lines.map((line) => ('notice' in line ? line.notice.text : line.key));
}

const fresh = withJoined(emptyRoom('lobby'), joined([5, 6, 7]), false, 0);

function taken(room: Room | undefined): Room {
  if (!room) throw new Error('the room found a gap');
  return room;
}

test('the first page is shown as it comes, and nothing counts as lost before it', () => {
  expect(texts(fresh.lines)).toEqual(['m5', 'm6', 'm7']);
  expect(fresh.offset).toBe(7);
});

describe('a live message', () => {
  test('comes behind the others', () => {
    const room = taken(withEvent(fresh, message(8)));
    expect(texts(room.lines)).toEqual(['m5', 'm6', 'm7', 'm8']);
    expect(room.offset).toBe(8);
  });

  test('that is here already changes nothing', () => {
    expect(withEvent(fresh, message(7))).toBe(fresh);
    expect(withEvent(fresh, message(2))).toBe(fresh);
  });

  test('of another room changes nothing', () => {
    expect(withEvent(fresh, { ...message(8), room: 'kitchen' })).toBe(fresh);
  });

  test('before the room was joined changes nothing', () => {
    const room = emptyRoom('lobby');
    expect(withEvent(room, message(1))).toBe(room);
  });

  test('behind a gap is not taken', () => {
    expect(withEvent(fresh, message(9))).toBeUndefined();
  });
});

describe('a resume', () => {
  test('brings what was missed', () => {
    const room = withJoined(fresh, joined([8, 9], { recovered: true }), false, 0);
    expect(texts(room.lines)).toEqual(['m5', 'm6', 'm7', 'm8', 'm9']);
    expect(room.offset).toBe(9);
  });

  test('that missed nothing changes nothing on the screen', () => {
    const room = withJoined(fresh, joined([], { recovered: true, offset: 7 }), false, 0);
    expect(room.lines).toEqual(fresh.lines);
  });

  test('that cannot bring all says how many are missing', () => {
    const room = withJoined(fresh, joined([20, 21]), false, 0);
    expect(texts(room.lines)).toEqual(['m5', 'm6', 'm7', '12 messages are missing here.', 'm20', 'm21']);
  });

  test('that is answered with a page that overlaps lost nothing', () => {
    const room = withJoined(fresh, joined([6, 7, 8]), false, 0);
    expect(texts(room.lines)).toEqual(['m5', 'm6', 'm7', 'm8']);
  });

  test('into a new epoch says so, and shows what came after it', () => {
    const room = withJoined(fresh, joined([1, 2], { epoch: 'e2' }), false, 0);
    expect(texts(room.lines).slice(3)).toEqual([
      'The server began this room anew. Messages may be lost.',
      'm1',
      'm2',
    ]);
    expect(texts(taken(withEvent(room, message(3))).lines)).toContain('m3');
  });

  test('into a stream that went back says so as well', () => {
    const room = withJoined(fresh, joined([5, 6]), false, 0);
    expect(texts(room.lines).slice(3)).toEqual(['The server began this room anew. Messages may be lost.']);
    expect(room.offset).toBe(6);
  });

  test('into a new epoch does not show a message twice that was sent again there', () => {
    const again = joined([1], { epoch: 'e2', messages: [message(1, 'm7')] });
    expect(texts(withJoined(fresh, again, false, 0).lines).filter((id) => id === 'm7')).toHaveLength(1);
  });
});

describe('what a server tells unasked', () => {
  test('about people moves nothing: messages still come by themselves', () => {
    expect(withJoined(fresh, joined([], { recovered: true, offset: 9 }), true, 0)).toBe(fresh);
    expect(withJoined(fresh, joined([], { recovered: true, offset: 2 }), true, 0)).toBe(fresh);
  });

  test('about a hole says how many are missing, and goes on behind its page', () => {
    const room = withJoined(fresh, joined([20, 21]), true, 0);
    expect(texts(room.lines).slice(3)).toEqual(['12 messages are missing here.', 'm20', 'm21']);
    expect(texts(taken(withEvent(room, message(22))).lines)).toContain('m22');
  });

  test('about a stream that was rewritten says so, and shows what is new to the page', () => {
    const page = joined([6, 7], { messages: [message(6), message(7, 'other')] });
    const room = withJoined(fresh, page, true, 0);
    expect(texts(room.lines).slice(3)).toEqual(['Messages may be missing here.', 'other']);
    expect(texts(taken(withEvent(room, message(8))).lines)).toContain('m8');
  });

  test('about a new epoch says so', () => {
    const room = withJoined(fresh, joined([], { epoch: 'e2' }), true, 0);
    expect(texts(room.lines).slice(3)).toEqual(['The server began this room anew. Messages may be lost.']);
    expect(texts(taken(withEvent(room, message(1))).lines)).toContain('m1');
  });
});

describe('who has read', () => {
  const bob = { id: 'bob', name: 'Bob' };
  const seen = (offset: number, of: number): Frame<'seen'> => ({
    type: 'seen',
    room: 'lobby',
    offset,
    user: bob,
    of,
    time: '2026-01-31T08:05:09.042Z',
  });
  const readBy = (room: Room): number | undefined => room.readers.get('bob')?.of;

  test('is told live, by a resume and by a page of what was before, and is no line', () => {
    const live = taken(withEvent(fresh, seen(8, 7)));
    expect([live.offset, readBy(live)]).toEqual([8, 7]);
    expect(live.lines).toBe(fresh.lines);
    const resumed = joined([8], { recovered: true, offset: 9, messages: [message(8), seen(9, 8)] });
    expect(readBy(withJoined(fresh, resumed, false, 0))).toBe(8);
    const older = taken(withOlder(fresh, { epoch: 'e1', latest: 7, oldest: 1, messages: [seen(4, 3)] }));
    expect([older.oldest, readBy(older)]).toEqual([4, 3]);
    expect(
      readBy(taken(withOlder(live, { epoch: 'e1', latest: 8, oldest: 1, messages: [seen(4, 3)] }))),
    ).toBe(7);
  });

  test('is forgotten when the room begins anew', () => {
    const live = taken(withEvent(fresh, seen(8, 7)));
    expect(readBy(withJoined(live, joined([1], { epoch: 'e2' }), false, 0))).toBeUndefined();
    expect(readBy(withJoined(live, joined([20, 21]), false, 0))).toBe(7);
  });
});

describe('notices', () => {
  const closed = { kind: 'closed', text: 'Connection closed', at: 0 } as const;
  const back = { kind: 'back', text: 'Connected again', at: 1 } as const;

  test('stand where they happened', () => {
    const room = taken(withEvent(withNotice(fresh, closed), message(8)));
    expect(texts(room.lines).slice(2)).toEqual(['m7', 'Connection closed', 'm8']);
  });

  test('of a connection that comes and goes are told once', () => {
    let room = withNotice(withNotice(fresh, closed), back);
    room = withNotice(withNotice(room, closed), back);
    expect(texts(room.lines).slice(3)).toEqual(['Connection closed', 'Connected again']);
  });

  test('have keys of their own', () => {
    const room = withNotice(withNotice(fresh, closed), back);
    expect(new Set(room.lines.map(({ key }) => key)).size).toBe(room.lines.length);
  });
});

test('a page that stays open for days keeps the latest lines, and can fetch the others again', () => {
  const full = Array.from({ length: LINES_KEPT }, (_, index) => index + 1);
  let room = withJoined(emptyRoom('lobby'), joined(full), false, 0);
  expect(room.lines.length).toBe(LINES_KEPT);
  expect(room.complete).toBe(true);
  room = taken(withEvent(room, message(LINES_KEPT + 1)));
  expect(room.lines.length).toBeLessThan(LINES_KEPT);
  expect(room.lines.at(-1)?.key).toBe(`m${LINES_KEPT + 1}`);
  expect(room.complete).toBe(false);
  expect(room.lines[0]?.key).toBe(`m${room.oldest}`);
});

describe('a page of what was before', () => {
  const page = (offsets: number[], rest: Partial<EventPage> = {}): EventPage => ({
    epoch: 'e1',
    latest: 9,
    oldest: 1,
    messages: offsets.map((offset) => message(offset)),
    ...rest,
  });
  const latest = withJoined(emptyRoom('lobby'), joined([8, 9]), false, 0);

  test('comes before what is there, once, until the talk begins', () => {
    const next = taken(withOlder(latest, page([5, 6, 7, 8])));
    expect(texts(next.lines)).toEqual(['m5', 'm6', 'm7', 'm8', 'm9']);
    expect([next.oldest, next.complete]).toEqual([5, false]);
    const all = taken(withOlder(next, page([3, 4], { oldest: 3 })));
    expect([all.oldest, all.complete]).toEqual([3, true]);
    expect(taken(withOlder(next, page([]))).complete).toBe(true);
  });

  test('of another life of the stream is none of this one', () => {
    const next = taken(withOlder(latest, page([6, 7], { epoch: 'e2' })));
    expect(texts(next.lines)).toEqual(['m8', 'm9']);
    expect(next.complete).toBe(true);
  });

  test('that is older than a change of one of its messages is asked for again', () => {
    const user = { id: 'u1', name: 'Ada' };
    const change = { room: 'lobby', offset: 10, of: 7, id: 'm7', user, time: '2026-01-31T08:05:09.042Z' };
    const changed = taken(withEvent(latest, { type: 'deleted', ...change }));
    expect(withOlder(changed, page([6, 7]))).toBeUndefined();
    const { time } = change;
    const fresh = page([6], { latest: 10 });
    const erased = { type: 'erased', room: 'lobby', offset: 7, id: 'm7', user, time, amended: 10 } as const;
    const next = taken(withOlder(changed, { ...fresh, messages: [...fresh.messages, erased] }));
    expect(next.lines[1]).toMatchObject({ key: 'm7', erased: { amended: 10 } });
  });
});
