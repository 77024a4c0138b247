import { beforeEach, describe, expect, test } from 'vitest';

import type { Answer } from '../api/http';
import { FakeEnvironment } from '../connection/fakes';
import { t } from '../i18n';
import { storeInMemory, type Store } from '../identity/store';
import type { Frame } from '../protocol/frames';
import type { ClientFrame, EventPage, Message, MyRoom, ServerFrame } from '../protocol/generated';
import { unreadIn } from '../rooms/unread';
import { Chat } from './chat';
import { shownRoom } from './state';

const ADA = { id: 'ada', name: 'Ada' };
const GRACE = { id: 'grace', name: 'Grace' };
const TIME = '2026-01-31T08:05:09.042Z';

const WELCOME: ServerFrame = {
  type: 'welcome',
  session: 's1',
  user: ADA,
  server: 'chat-0',
  limits: { nameChars: 40, roomChars: 64, textChars: 50, frameBytes: 65536, rooms: 100, history: 500 },
};

let environment: FakeEnvironment;
let store: Store;
let names: string[];
let asked: [string, number][];
let older: () => Promise<EventPage>;
let ids: number;
let speaker: string;
let token: string | undefined;
let roomsChanged: string[];
let putOut: string[];
let moved: string[];
let direct: (user: string) => Answer<string>;
let chat: Chat;

function newChat(): Chat {
  return new Chat({
    environment,
    store,
    speaker: {
      get id() {
        return speaker;
      },
      token: () => Promise.resolve(token),
      forget: () => undefined,
      renamed: (name) => names.push(name),
    },
    defaultRoom: () => Promise.resolve('lobby'),
    directRoom: (user) => Promise.resolve(direct(user)),
    moved: (room) => moved.push(room),
    olderMessages: (room, before) => {
      asked.push([room, before]);
      return older();
    },
    newId: () => `id-${(ids += 1)}`,
    roomsChanged: (when) => roomsChanged.push(when),
    putOut: (room) => putOut.push(room),
    changed: () => undefined,
  });
}

beforeEach(() => {
  environment = new FakeEnvironment();
  store = storeInMemory();
  [names, ids, asked, roomsChanged, putOut, moved] = [[], 0, [], [], [], []];
  direct = (user) => ({ ok: true, value: `~d-${user}` });
  [speaker, token] = ['ada', 'token'];
  older = () => Promise.reject(new Error('no page'));
  chat = newChat();
});

function message(offset: number, rest: Partial<Message> = {}): Frame<'message'> {
  const plain = { room: 'lobby', offset, id: `m${offset}`, user: GRACE, text: `text ${offset}`, time: TIME };
  return { type: 'message', ...plain, ...rest };
}

function joined(messages: Frame<'message'>[] = [], rest: Partial<Frame<'joined'>> = {}): Frame<'joined'> {
  return {
    type: 'joined',
    room: 'lobby',
    epoch: 'e1',
    offset: messages.at(-1)?.offset ?? 0,
    recovered: false,
    messages,
    members: [ADA, GRACE],
    count: 2,
    ...rest,
  };
}

/** Connects, and gives `answer` to the join or resume. */
async function connect(answer: ServerFrame = joined()): Promise<void> {
  chat.start({ room: undefined });
  await environment.advance(0);
  welcome(answer);
}

function welcome(...answers: ServerFrame[]): void {
  environment.socket.events.opened();
  receive(WELCOME, ...answers);
}

function receive(...frames: ServerFrame[]): void {
  environment.socket.receive(...frames);
}

async function loseConnection(): Promise<void> {
  environment.socket.events.closed(1006, '');
  await environment.advance(30_000);
}

function sent<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[] {
  return environment.socket.sent.filter(
    (frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type,
  );
}

function shown(): string[] {
  return shownRoom(chat.state).room.lines.map((line) => {
    if ('message' in line) return line.message.text;
    return 'notice' in line ? line.notice.text : `${line.erased.id} is deleted`;
  });
}

describe('the room', () => {
  test('is the default one when the address names none', async () => {
    await connect();
    expect(sent('join')).toEqual([{ type: 'join', room: 'lobby' }]);
  });

  test('is that of the address', async () => {
    chat.start({ room: 'kitchen' });
    await environment.advance(0);
    welcome();
    expect(sent('join')).toEqual([{ type: 'join', room: 'kitchen' }]);
  });

  test('is changed with the address', async () => {
    await connect();
    chat.goTo({ room: 'kitchen' });
    expect(environment.socket.sent.slice(2)).toEqual([
      { type: 'leave', room: 'lobby' },
      { type: 'join', room: 'kitchen' },
    ]);
    receive(joined([], { room: 'kitchen' }), message(1), message(1, { room: 'kitchen', text: 'here' }));
    expect(shown()).toEqual(['here']);
  });

  test('that something was said in goes on behind another one, and is there again with all of it', async () => {
    await connect(joined([message(1)]));
    chat.goTo({ room: 'kitchen' });
    receive(joined([], { room: 'kitchen' }), message(2), message(1, { room: 'kitchen', text: 'here' }));
    expect(sent('leave')).toEqual([]);
    expect(shown()).toEqual(['here']);
    chat.goTo({ room: 'lobby' });
    expect(sent('join').map(({ room }) => room)).toEqual(['lobby', 'kitchen']);
    expect(shown()).toEqual(['text 1', 'text 2']);
  });

  test('is changed also between the greeting and the welcome', async () => {
    chat.start({ room: undefined });
    await environment.advance(0);
    environment.socket.events.opened();
    chat.goTo({ room: 'kitchen' });
    receive(WELCOME);
    expect(sent('join').at(-1)?.room).toBe('kitchen');
  });

  test('that the address names wrongly is told, and the default one is shown', async () => {
    chat.start({ room: undefined, problem: '“a b” cannot be a room' });
    await environment.advance(0);
    expect(chat.state.roomProblem).toBe('“a b” cannot be a room');
    expect(chat.state.shown).toBe('lobby');
  });

  test('is that of the two when the address names somebody, and the address is that room from then on', async () => {
    chat.start({ room: undefined, user: 'grace' });
    await environment.advance(0);
    welcome();
    expect(sent('join').map(({ room }) => room)).toEqual(['~d-grace']);
    expect(moved).toEqual(['~d-grace']);
  });

  test('is the default one when nobody is whom the address names, and that is said', async () => {
    const refusal = { code: 'noSuchUser', words: 'nobody', detail: '', retryAfterMs: undefined };
    direct = () => ({ ok: false, refusal });
    chat.start({ room: undefined, user: 'grace' });
    await environment.advance(0);
    welcome();
    expect(sent('join').map(({ room }) => room)).toEqual(['lobby']);
    expect([chat.state.roomProblem, moved]).toEqual(['nobody', []]);
  });

  test('that the server cannot open now is tried again with the connection', async () => {
    await connect({
      type: 'error',
      code: 'engineUnavailable',
      message: 'the store is away',
      ref: 'lobby',
      retryAfterMs: 2_000,
    });
    expect(chat.state.connection).toMatchObject({ kind: 'waiting', retryAt: environment.time + 2_000 });
    await environment.advance(2_000);
    welcome(joined());
    expect(shownRoom(chat.state).joined).toBe(true);
  });
});

describe('what the server tells of the room unasked', () => {
  test('is who is there, and no message is taken for shown', async () => {
    await connect(joined([message(1)]));
    receive(joined([], { recovered: true, offset: 2, members: [ADA], count: 1 }), message(2));
    expect(shownRoom(chat.state).presence.count).toBe(1);
    expect(shown()).toEqual(['text 1', 'text 2']);
  });

  test('is that messages were lost, and the page says so and goes on', async () => {
    await connect(joined([message(1)]));
    receive(joined([message(1, { id: 'other', text: 'other' })]), message(2));
    expect(shown()).toEqual(['text 1', 'Messages may be missing here.', 'other', 'text 2']);
  });

  test('is not what it answers to who left and came back at once', async () => {
    chat.start({ room: 'lobby' });
    await environment.advance(0);
    welcome();
    chat.goTo({ room: 'kitchen' });
    chat.goTo({ room: 'lobby' });
    receive(joined([message(1)]), { type: 'left', room: 'lobby' }, joined([], { room: 'kitchen' }));
    receive({ type: 'left', room: 'kitchen' }, joined([message(1), message(2)]), message(3));
    expect(shown()).toEqual(['text 1', 'text 2', 'text 3']);
  });
});

describe('a message', () => {
  test('is sent, and shown once when it comes back', async () => {
    await connect();
    expect(chat.send('hello')).toBe(true);
    expect(sent('send')).toEqual([{ type: 'send', id: 'id-1', room: 'lobby', text: 'hello' }]);
    receive({ type: 'ack', id: 'id-1', room: 'lobby', offset: 1, time: TIME });
    expect(chat.state.outbox.map(({ delivery }) => delivery.kind)).toEqual(['acknowledged']);
    receive(message(1, { id: 'id-1', user: ADA, text: 'hello' }));
    expect(chat.state.outbox).toEqual([]);
    expect(shown()).toEqual(['hello']);
  });

  test('that comes back before its ack is shown once as well', async () => {
    await connect();
    chat.send('hello');
    receive(message(1, { id: 'id-1', user: ADA, text: 'hello' }));
    receive({ type: 'ack', id: 'id-1', room: 'lobby', offset: 1, time: TIME });
    expect(chat.state.outbox).toEqual([]);
    expect(shown()).toEqual(['hello']);
  });

  test('that is empty or too long is not taken', async () => {
    await connect();
    expect(chat.send(' \n ')).toBe(false);
    expect(chat.send('x'.repeat(51))).toBe(false);
    expect(chat.state.outbox).toEqual([]);
  });

  test('that waits for its room goes out there, whatever is looked at', async () => {
    await connect(joined([message(1)]));
    await loseConnection();
    chat.send('for the lobby');
    chat.goTo({ room: 'kitchen' });
    environment.socket.events.opened();
    receive(WELCOME, joined([], { room: 'kitchen' }));
    expect(sent('send')).toEqual([]);
    receive(joined([], { recovered: true, offset: 1 }));
    expect(sent('send')).toEqual([{ type: 'send', id: 'id-1', room: 'lobby', text: 'for the lobby' }]);
  });

  test('written without a connection waits, and goes out once the room is there again', async () => {
    await connect();
    await loseConnection();
    chat.send('one');
    chat.send('two');
    environment.socket.events.opened();
    receive(WELCOME);
    expect(sent('send')).toEqual([]);
    receive(joined([], { recovered: true }));
    expect(sent('send').map(({ text }) => text)).toEqual(['one', 'two']);
  });

  test('that was sent but not acknowledged is sent again under the same id', async () => {
    await connect();
    chat.send('hello');
    await loseConnection();
    welcome(joined([], { recovered: true }));
    expect(sent('send').map(({ id }) => id)).toEqual(['id-1']);
  });

  test('that was stored but not acknowledged is found by the resume, and not sent again', async () => {
    await connect();
    chat.send('hello');
    await loseConnection();
    const own = message(1, { id: 'id-1', user: ADA, text: 'hello' });
    welcome(joined([own], { recovered: true }));
    expect(sent('send')).toEqual([]);
    expect(chat.state.outbox).toEqual([]);
    expect(shown().filter((text) => text === 'hello')).toHaveLength(1);
  });

  test('that waits outlives a reload of the page under the same id', async () => {
    await connect();
    await loseConnection();
    chat.send('hello');
    chat.end();
    chat = newChat();
    await connect();
    expect(sent('send')).toEqual([{ type: 'send', id: 'id-1', room: 'lobby', text: 'hello' }]);
  });

  test('that is not sent yet outlives a reload of the page', () => {
    expect(chat.draft('lobby')).toBe('');
    chat.keepDraft('lobby', 'half a sen');
    expect(newChat().draft('lobby')).toBe('half a sen');
    expect(chat.draft('kitchen')).toBe('');
  });

  test('that the server cannot store now is sent again after the time that it told', async () => {
    await connect();
    chat.send('hello');
    const error = { type: 'error', code: 'engineUnavailable', message: 'the store is away' } as const;
    receive({ ...error, ref: 'id-1', retryAfterMs: 1_000 });
    expect(chat.state.outbox[0]?.delivery).toMatchObject({
      kind: 'waiting',
      problem: t.errors.engineUnavailable,
    });
    await environment.advance(1_000);
    expect(sent('send')).toHaveLength(1);
    await environment.advance(500);
    expect(sent('send').map(({ id }) => id)).toEqual(['id-1', 'id-1']);
  });

  test('that is refused can be sent again or given up', async () => {
    await connect();
    chat.send('one');
    chat.send('two');
    receive({ type: 'error', code: 'notJoined', message: 'not in that room', ref: 'id-1' });
    receive({ type: 'error', code: 'notJoined', message: 'not in that room', ref: 'id-2' });
    chat.retry('id-1');
    expect(sent('send').map(({ id }) => id)).toEqual(['id-1', 'id-2', 'id-1']);
    chat.discard('id-2');
    expect(chat.state.outbox.map(({ id }) => id)).toEqual(['id-1']);
  });
});

describe('a lost connection', () => {
  test('is resumed where it was', async () => {
    await connect(joined([message(4), message(5)]));
    await loseConnection();
    environment.socket.events.opened();
    expect(environment.socket.sent).toEqual([
      { type: 'hello', token: 'token', resume: [{ room: 'lobby', epoch: 'e1', offset: 5 }] },
    ]);
    receive(WELCOME, joined([message(6)], { recovered: true }));
    expect(shown()).toEqual([
      'text 4',
      'text 5',
      'Connection closed: the connection broke.',
      'Connected again.',
      'text 6',
    ]);
  });

  test('is resumed in every room at once', async () => {
    await connect(joined([message(1)]));
    chat.goTo({ room: 'kitchen' });
    receive(joined([message(1, { room: 'kitchen' })], { room: 'kitchen', epoch: 'e2' }));
    await loseConnection();
    environment.socket.events.opened();
    expect(sent('hello')[0]?.resume).toEqual([
      { room: 'kitchen', epoch: 'e2', offset: 1 },
      { room: 'lobby', epoch: 'e1', offset: 1 },
    ]);
    expect(sent('join')).toEqual([]);
  });

  test('is not what the page makes of a gap: it comes back and gets what was missing', async () => {
    await connect(joined([message(1)]));
    receive(message(3), message(4));
    expect(shown()[0]).toBe('text 1');
    await environment.advance(500);
    environment.socket.events.opened();
    expect(sent('hello')[0]?.resume).toEqual([{ room: 'lobby', epoch: 'e1', offset: 1 }]);
    receive(WELCOME, joined([message(2), message(3), message(4)], { recovered: true }));
    expect(shown().filter((line) => line.startsWith('text'))).toEqual([
      'text 1',
      'text 2',
      'text 3',
      'text 4',
    ]);
  });
});

describe('a name', () => {
  test('is changed when the server says so', async () => {
    await connect();
    chat.rename(' Countess ');
    expect(sent('rename')).toEqual([{ type: 'rename', name: 'Countess' }]);
    expect(chat.state.me?.name).toBe('Ada');
    receive({ type: 'renamed', user: 'ada', name: 'Countess' });
    expect(chat.state.me?.name).toBe('Countess');
    expect(shownRoom(chat.state).presence.members.get('ada')?.name).toBe('Countess');
    expect(chat.state.rename.kind).toBe('none');
    expect(names.at(-1)).toBe('Countess');
    expect(shown()).toEqual(['You are now called Countess.']);
  });

  test('of somebody else is told to all', async () => {
    await connect();
    receive({ type: 'renamed', user: 'grace', name: 'Admiral' });
    expect(shown()).toEqual(['Grace is now called Admiral.']);
  });

  test('that is against the rules is refused here, and one that the server refuses as well', async () => {
    await connect();
    chat.rename(' ');
    expect(chat.state.rename.kind).toBe('refused');
    expect(sent('rename')).toEqual([]);
    chat.rename('Countess');
    receive({ type: 'error', code: 'engineUnavailable', message: 'the store is away', retryAfterMs: 1_000 });
    expect(chat.state.rename).toEqual({ kind: 'refused', problem: t.errors.engineUnavailable });
  });

  test('cannot be changed without a connection, and the page says so', async () => {
    await connect();
    await loseConnection();
    chat.rename('Countess');
    expect(chat.state.rename).toMatchObject({ kind: 'refused' });
  });
});

describe('typing', () => {
  test('is told every few seconds, not with every key', async () => {
    await connect();
    chat.typing();
    chat.typing();
    expect(sent('typing')).toHaveLength(1);
    await environment.advance(3_000);
    chat.typing();
    expect(sent('typing')).toHaveLength(2);
  });

  test("of others is shown until they stop, and never one's own", async () => {
    await connect();
    receive({ type: 'typing', room: 'lobby', user: GRACE }, { type: 'typing', room: 'lobby', user: ADA });
    expect([...shownRoom(chat.state).typing.keys()]).toEqual(['grace']);
    await environment.advance(6_000);
    expect([...shownRoom(chat.state).typing.keys()]).toEqual([]);
  });

  test('ends with the message', async () => {
    await connect();
    receive({ type: 'typing', room: 'lobby', user: GRACE }, message(1));
    expect(shownRoom(chat.state).typing.size).toBe(0);
  });
});

describe('a change of a message', () => {
  const target = { room: 'lobby', offset: 1, message: 'm1' };

  test('is asked for by its place, and done when the server tells it', async () => {
    await connect(joined([message(1, { user: ADA })]));
    const { type: _, ...own } = message(1, { user: ADA });
    expect(chat.edit(own, 'better')).toBe(true);
    chat.react(own, '👍', true);
    chat.delete(own);
    expect(environment.socket.sent.slice(-3)).toEqual([
      { type: 'edit', id: 'id-1', ...target, text: 'better' },
      { type: 'react', id: 'id-2', ...target, emoji: '👍', on: true },
      { type: 'delete', id: 'id-3', ...target },
    ]);
    const told = { room: 'lobby', of: 1, id: 'm1', user: ADA, time: TIME };
    receive({ type: 'edited', offset: 2, ...told, text: 'better' });
    expect(shown()).toEqual(['better']);
    receive({ type: 'deleted', offset: 3, ...told }, message(4));
    expect(shown()).toEqual(['m1 is deleted', 'text 4']);
    receive({ type: 'ack', id: 'id-1', room: 'lobby', offset: 2, time: TIME });
    expect(chat.state.changes.map(({ id }) => id)).toEqual(['id-2', 'id-3']);
  });

  test('that was not acknowledged is said again under the same id', async () => {
    await connect(joined([message(1)]));
    chat.react(message(1), '👍', true);
    await loseConnection();
    welcome(joined([], { recovered: true, offset: 1 }));
    expect(sent('react')).toEqual([{ type: 'react', id: 'id-1', ...target, emoji: '👍', on: true }]);
  });

  test('that is refused is told in words', async () => {
    await connect(joined([message(1)]));
    chat.react(message(1), 'x', true);
    receive({ type: 'error', code: 'badEmoji', message: 'emoji is none', ref: 'id-1' });
    expect(chat.state.changes).toEqual([]);
    expect(chat.state.changeProblem).toBeDefined();
    chat.forgetChangeProblem();
    expect(chat.state.changeProblem).toBeUndefined();
  });
});

describe('what was said before', () => {
  const page = (offsets: number[]): EventPage => {
    return { epoch: 'e1', latest: 9, oldest: 1, messages: offsets.map((offset) => message(offset)) };
  };

  test('is fetched one page at a time, until the talk begins', async () => {
    await connect(joined([message(8), message(9)]));
    older = () => Promise.resolve(page([5, 6, 7]));
    chat.loadOlder();
    chat.loadOlder();
    await environment.advance(0);
    expect(asked).toEqual([['lobby', 8]]);
    expect(shown()).toEqual(['text 5', 'text 6', 'text 7', 'text 8', 'text 9']);
    older = () => Promise.resolve(page([1, 2, 3, 4]));
    chat.loadOlder();
    await environment.advance(0);
    chat.loadOlder();
    expect(asked).toHaveLength(2);
    expect(shownRoom(chat.state).room.complete).toBe(true);
  });

  test('that cannot be had is told, and can be asked for again', async () => {
    await connect(joined([message(8)]));
    chat.loadOlder();
    await environment.advance(0);
    expect(shownRoom(chat.state).older).toEqual({ kind: 'failed', problem: 'no page' });
    chat.loadOlder();
    await environment.advance(0);
    expect(asked).toHaveLength(2);
  });
});

describe("the user's own rooms", () => {
  function listed(room: string, rest: Partial<MyRoom> = {}): MyRoom {
    const info = { room, kind: 'public', title: room, topic: '', present: 1 } as const;
    return { info, epoch: 'e1', latest: 5, read: 5, unread: 0, ...rest };
  }

  test('are all joined, and those that are no longer on the list are left', async () => {
    await connect();
    chat.listed([listed('lobby'), listed('kitchen')]);
    expect(sent('join').map(({ room }) => room)).toEqual(['lobby', 'kitchen']);
    receive(joined([], { room: 'kitchen' }));
    chat.listed([listed('lobby')]);
    expect(sent('leave')).toEqual([{ type: 'leave', room: 'kitchen' }]);
  });

  test('say what was unread, and what is new is marked there', async () => {
    await connect(joined([message(1), message(2), message(3)]));
    chat.listed([listed('lobby', { latest: 3, read: 1, unread: 2 })]);
    const { newFrom, read } = shownRoom(chat.state);
    expect([newFrom, read?.offset]).toEqual([1, 1]);
  });

  test('are told how far one read, once a second at most', async () => {
    await connect(joined([message(1), message(2), message(3), message(4)]));
    chat.listed([listed('lobby', { latest: 1, read: 1 })]);
    chat.saw(2);
    await environment.advance(0);
    chat.saw(3);
    chat.saw(4);
    chat.saw(3);
    await environment.advance(1_000);
    expect(sent('read').map(({ offset }) => offset)).toEqual([2, 4]);
    receive({ type: 'read', room: 'lobby', offset: 4, unread: 0 });
    expect(shownRoom(chat.state).read?.offset).toBe(4);
  });

  test('are told again how far one read when that could not be noted, unless it never can', async () => {
    await connect(joined([message(1), message(2)]));
    chat.listed([listed('lobby', { latest: 2, read: 1, unread: 1 })]);
    chat.saw(2);
    await environment.advance(0);
    const refused = { type: 'error', code: 'engineUnavailable', message: 'try again', ref: 'lobby' } as const;
    receive({ ...refused, retryAfterMs: 1_000 });
    await environment.advance(1_000);
    expect(sent('read').map(({ offset }) => offset)).toEqual([2, 2]);
    receive({ ...refused, code: 'tooManyMembers' });
    await environment.advance(5_000);
    expect(sent('read')).toHaveLength(2);
  });

  test('tell who else has read, which is nothing to read', async () => {
    await connect(joined([message(1, { user: ADA }), message(2)]));
    chat.listed([listed('lobby', { latest: 2, read: 1, unread: 1 })]);
    chat.saw(2);
    await environment.advance(0);
    receive({ type: 'seen', room: 'lobby', offset: 3, user: GRACE, of: 1, time: TIME });
    await environment.advance(1_000);
    expect(sent('read').map(({ offset }) => offset)).toEqual([2]);
    const open = shownRoom(chat.state);
    expect([open.room.offset, open.room.readers.get('grace')?.of]).toEqual([3, 1]);
    expect(unreadIn(open, 'ada')).toBe(0);
    expect(shown()).toEqual(['text 1', 'text 2']);
  });

  test('from which one was removed are not shown, and say so, until one is invited again', async () => {
    await connect(joined([message(1)]));
    chat.listed([listed('lobby', { latest: 1, read: 1 })]);
    chat.send('too late');
    receive({ type: 'left', room: 'lobby', reason: 'removed' });
    expect(shownRoom(chat.state).barred).toBe(t.rooms.removed);
    expect(shown()).toEqual([]);
    expect(chat.state.mine).toEqual([]);
    expect(chat.state.outbox.map(({ delivery }) => delivery.kind)).toEqual(['refused']);
    receive({ type: 'presence', room: 'lobby', joined: [], left: ['ada'], count: 1 });
    expect(sent('join')).toHaveLength(1);
    expect(sent('leave')).toEqual([]);

    chat.listed([listed('lobby', { latest: 3, read: 1, unread: 1 })]);
    expect(shownRoom(chat.state).barred).toBeUndefined();
    expect(sent('join')).toHaveLength(2);
    receive(joined([message(1), message(2), message(3)]));
    expect(shown()).toEqual(['text 1', 'text 2', 'text 3']);
  });

  test('that are deleted say so, whatever becomes of what was said there before one knew of it', async () => {
    await connect(joined([message(1)]));
    receive({ type: 'left', room: 'lobby', reason: 'deleted' });
    expect(putOut).toEqual(['lobby']);
    receive({ type: 'error', code: 'notJoined', message: 'not in that room', ref: 'lobby' });
    expect(shownRoom(chat.state).barred).toBe(t.rooms.deleted);
  });

  test('that may not be entered say so, and are tried again with the next connection', async () => {
    await connect({ type: 'error', code: 'noSuchRoom', message: 'no such room', ref: 'lobby' });
    expect(shownRoom(chat.state).barred).toBe(t.errors.noSuchRoom);
    await loseConnection();
    welcome(joined([message(1)]));
    expect(shownRoom(chat.state).barred).toBeUndefined();
    expect(shown().at(-1)).toBe('text 1');
  });

  test('have the title that they have now, and a direct one the name of the other', async () => {
    await connect();
    const direct = listed('~d1');
    chat.listed([listed('lobby'), { ...direct, info: { ...direct.info, kind: 'direct', title: 'Grace' } }]);
    receive(joined([], { room: '~d1' }));
    const titles = () => chat.state.mine?.map(({ info }) => `${info.title}: ${info.topic}`);
    receive({
      type: 'changed',
      room: 'lobby',
      offset: 1,
      user: GRACE,
      title: 'Hall',
      topic: 'News',
      time: TIME,
    });
    expect(titles()).toEqual(['Hall: News', 'Grace: ']);
    receive({ type: 'renamed', user: 'grace', name: 'Admiral' });
    expect(titles()).toEqual(['Hall: News', 'Admiral: ']);
  });
});

describe('somebody else', () => {
  test('speaks over a new connection, and does not see what the one before saw', async () => {
    await connect(joined([message(1)]));
    const before = environment.socket;
    [speaker, token] = ['countess', undefined];
    chat.speakAnew();
    await environment.advance(0);
    expect(before.closedWith).toBe(1000);
    environment.socket.events.opened();
    expect(environment.socket.sent).toEqual([{ type: 'hello' }, { type: 'join', room: 'lobby' }]);
    expect(shown()).toEqual([]);
  });

  test('does not say what the one before wrote, unless asked to', async () => {
    await connect();
    await loseConnection();
    chat.send('a secret');
    speaker = 'countess';
    welcome(joined([], { recovered: true }));
    expect(sent('send')).toEqual([]);
    expect(chat.state.outbox[0]?.delivery).toMatchObject({ kind: 'refused' });
  });

  test('is not the guest that a server makes when the cookie is gone', async () => {
    await connect();
    await loseConnection();
    environment.socket.events.opened();
    receive({ ...WELCOME, user: GRACE, token: 'made up' });
    expect(chat.state.me).toEqual(ADA);
    expect(chat.state.connection.kind).toBe('waiting');
  });
});

describe('the list of rooms', () => {
  test('is fetched with each connection, and soon after the server said that it changed', async () => {
    await connect();
    expect(roomsChanged).toEqual(['now']);
    receive({ type: 'roomsChanged' });
    expect(roomsChanged).toEqual(['now', 'soon']);
  });
});
