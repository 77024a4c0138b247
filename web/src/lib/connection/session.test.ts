import { beforeEach, describe, expect, test } from 'vitest';

import { MOVING } from '../protocol/close';
import { CLOSE_CODES, type ServerFrame } from '../protocol/generated';
import { FakeEnvironment } from './fakes';
import {
  GOOD_AFTER_MS,
  IDLE_MS,
  PONG_TIMEOUT_MS,
  Session,
  WELCOME_TIMEOUT_MS,
  type Connection,
} from './session';

const WELCOME: ServerFrame = {
  type: 'welcome',
  session: 's1',
  user: { id: 'u1', name: 'Ada' },
  server: 'chat-0',
  limits: { nameChars: 40, roomChars: 64, textChars: 4000, frameBytes: 65536, rooms: 100, history: 500 },
};

let environment: FakeEnvironment;
let states: Connection[];
let frames: ServerFrame[];
let closings: string[];
let forgotten: number;
let tokenFails: boolean;
let session: Session;

beforeEach(() => {
  environment = new FakeEnvironment();
  [states, frames, closings, forgotten, tokenFails] = [[], [], [], 0, false];
  const credentials = {
    token: () =>
      tokenFails
        ? Promise.reject(new Error('no guest could be made'))
        : Promise.resolve(`token-${forgotten}`),
    forget: () => {
      forgotten += 1;
    },
  };
  session = new Session(environment, credentials, {
    changed: (connection) => states.push(connection),
    greeting: (token = '') => [
      { type: 'hello', token },
      { type: 'join', room: 'lobby' },
    ],
    frame: (frame) => frames.push(frame),
    closed: (reason) => closings.push(reason),
  });
});

async function connect(): Promise<void> {
  session.start();
  await environment.advance(0);
  welcome();
}

function welcome(): void {
  environment.socket.events.opened();
  environment.socket.receive(WELCOME);
}

function state(): Connection | undefined {
  return states.at(-1);
}

test('a session greets, and is connected when it is welcome', async () => {
  await connect();
  expect(environment.socket.sent).toEqual([
    { type: 'hello', token: 'token-0' },
    { type: 'join', room: 'lobby' },
  ]);
  expect(states.map(({ kind }) => kind)).toEqual(['connecting', 'connected']);
  expect(frames).toEqual([WELCOME]);
});

test('nothing is sent before the session is welcome', async () => {
  session.start();
  await environment.advance(0);
  environment.socket.events.opened();
  expect(session.send({ type: 'ping' })).toBe(false);
  environment.socket.receive(WELCOME);
  expect(session.send({ type: 'ping' })).toBe(true);
});

describe('a lost connection', () => {
  test('is told with its reason and tried again after a wait', async () => {
    await connect();
    environment.socket.events.closed(1006, '');
    expect(closings).toEqual(['the connection broke']);
    expect(state()).toEqual({
      kind: 'waiting',
      retryAt: environment.time + 250,
      reason: 'the connection broke',
    });
    await environment.advance(249);
    expect(environment.sockets).toHaveLength(1);
    await environment.advance(1);
    welcome();
    expect(state()?.kind).toBe('connected');
  });

  test('waits longer after each failure, and is told once', async () => {
    await connect();
    const waits: number[] = [];
    for (let failure = 0; failure < 4; failure += 1) {
      environment.socket.events.closed(1006, '');
      const now = state();
      if (now?.kind !== 'waiting') throw new Error('it does not wait');
      waits.push(now.retryAt - environment.time);
      await environment.advance(now.retryAt - environment.time);
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
    expect(closings).toHaveLength(1);
  });

  test('is a first failure again after a connection that lasted', async () => {
    await connect();
    environment.socket.events.closed(1006, '');
    await environment.advance(250);
    welcome();
    await environment.advance(GOOD_AFTER_MS);
    environment.socket.events.closed(1006, '');
    expect(state()).toMatchObject({ retryAt: environment.time + 250 });
  });

  test('is no first failure after one that did not last: a server that falls over is spared', async () => {
    await connect();
    environment.socket.events.closed(1006, '');
    await environment.advance(250);
    welcome();
    environment.socket.events.closed(1006, '');
    expect(state()).toMatchObject({ retryAt: environment.time + 500 });
  });

  test('is tried again at once when someone asks for it', async () => {
    await connect();
    environment.socket.events.closed(4001, '');
    session.reconnectNow();
    await environment.advance(0);
    expect(environment.sockets).toHaveLength(2);
    await environment.advance(60_000);
    expect(environment.sockets[2]?.sent ?? []).toEqual([]);
  });
});

test('asking to reconnect does not disturb a good connection', async () => {
  await connect();
  session.reconnectNow();
  await environment.advance(0);
  expect(environment.sockets).toHaveLength(1);
});

describe('a code that says "don\'t"', () => {
  test('stops the session until someone asks', async () => {
    await connect();
    environment.socket.events.closed(CLOSE_CODES.Protocol, '');
    expect(state()?.kind).toBe('stopped');
    expect(closings).toHaveLength(1);
    await environment.advance(120_000);
    expect(environment.sockets).toHaveLength(1);
    session.reconnectNow();
    await environment.advance(0);
    expect(environment.sockets).toHaveLength(2);
  });

  test('is not the end when only the token is unknown: the page comes back with another', async () => {
    session.start();
    await environment.advance(0);
    environment.socket.events.opened();
    environment.socket.events.closed(CLOSE_CODES.BadToken, '');
    await environment.advance(500);
    environment.socket.events.opened();
    expect(environment.socket.sent[0]).toEqual({ type: 'hello', token: 'token-1' });
    expect(closings).toEqual([]);
  });
});

describe('a server that is to leave', () => {
  test('is left when the time that it told has come and another one has opened, without a goodbye', async () => {
    await connect();
    const old = environment.socket;
    old.receive({ type: 'reconnect', delayMs: 1_500, reason: 'draining' });
    await environment.advance(1_499);
    expect(environment.sockets).toHaveLength(1);
    await environment.advance(1);
    expect(environment.sockets).toHaveLength(2);
    expect(old.closedWith).toBeUndefined();
    expect(session.send({ type: 'ping' }), 'the session goes on meanwhile').toBe(true);
    environment.socket.events.opened();
    expect(old.closedWith).toBe(MOVING);
    environment.socket.receive(WELCOME);
    expect(states.slice(2)).toEqual([
      { kind: 'connecting', moving: true },
      { kind: 'connected', server: 'chat-0' },
    ]);
    expect(closings).toEqual([]);
  });

  test('is not left while no other one opens', async () => {
    await connect();
    const old = environment.socket;
    old.receive({ type: 'reconnect', delayMs: 0, reason: 'draining' });
    await environment.advance(0);
    environment.socket.events.closed(1006, '');
    await environment.advance(249);
    expect(environment.sockets).toHaveLength(2);
    await environment.advance(1);
    expect(environment.sockets).toHaveLength(3);
    // This one says nothing at all.
    await environment.advance(WELCOME_TIMEOUT_MS);
    expect(environment.socket.closedWith).toBe(1000);
    expect([old.closedWith, state()?.kind]).toEqual([undefined, 'connected']);
    await environment.advance(500);
    expect(environment.sockets).toHaveLength(4);
    welcome();
    expect([old.closedWith, state()?.kind]).toEqual([MOVING, 'connected']);
    expect(closings).toEqual([]);
  });

  test('and says nothing any more is left for the one that is opened', async () => {
    await connect();
    const old = environment.socket;
    old.receive({ type: 'reconnect', delayMs: IDLE_MS + PONG_TIMEOUT_MS - 1, reason: 'draining' });
    await environment.advance(IDLE_MS + PONG_TIMEOUT_MS);
    expect([old.closedWith, state()]).toEqual([MOVING, { kind: 'connecting', moving: true }]);
    welcome();
    expect([environment.sockets.length, closings]).toEqual([2, []]);
  });

  test('is not left while there is no token for another one', async () => {
    await connect();
    environment.socket.receive({ type: 'reconnect', delayMs: 0, reason: 'draining' });
    tokenFails = true;
    await environment.advance(0);
    tokenFails = false;
    expect([environment.sockets.length, state()?.kind]).toEqual([1, 'connected']);
    await environment.advance(250);
    welcome();
    expect([environment.sockets.length, state()?.kind, closings]).toEqual([2, 'connected', []]);
  });

  test.each(['end', 'renew'] as const)('is left with the one that is opened on %s', async (how) => {
    await connect();
    environment.socket.receive({ type: 'reconnect', delayMs: 0, reason: 'draining' });
    await environment.advance(0);
    const next = environment.socket;
    session[how]();
    expect(environment.sockets.slice(0, 2).map(({ closedWith }) => closedWith)).toEqual([1000, 1000]);
    next.events.opened();
    next.events.closed(1000, '');
    await environment.advance(WELCOME_TIMEOUT_MS - 1);
    expect(next.sent).toEqual([]);
    expect(environment.sockets).toHaveLength(how === 'end' ? 2 : 3);
  });

  test('that closes before that time is left as any other', async () => {
    await connect();
    environment.socket.receive({ type: 'reconnect', delayMs: 5_000, reason: 'draining' });
    environment.socket.events.closed(CLOSE_CODES.Drain, '');
    await environment.advance(250);
    welcome();
    await environment.advance(6_000);
    expect(environment.sockets).toHaveLength(2);
  });

  test('that closes while another one is opened is left for that one at once', async () => {
    await connect();
    const old = environment.socket;
    old.receive({ type: 'reconnect', delayMs: 0, reason: 'draining' });
    await environment.advance(0);
    old.events.closed(CLOSE_CODES.Drain, '');
    expect(state()).toEqual({ kind: 'connecting', moving: true });
    welcome();
    expect(environment.sockets).toHaveLength(2);
    expect([closings, state()?.kind]).toEqual([[], 'connected']);
  });
});

test('a move that fails is told as the end of the session that was left', async () => {
  await connect();
  environment.socket.receive({ type: 'reconnect', delayMs: 0, reason: 'draining' });
  await environment.advance(0);
  environment.socket.events.opened();
  environment.socket.events.closed(1006, '');
  expect(closings).toEqual(['the server is being emptied']);
  await environment.advance(250);
  environment.socket.events.closed(1006, '');
  expect(closings).toHaveLength(1);
});

describe('a server that says nothing', () => {
  test('after the socket opened is given up', async () => {
    session.start();
    await environment.advance(0);
    environment.socket.events.opened();
    await environment.advance(WELCOME_TIMEOUT_MS);
    expect(environment.sockets[0]?.closedWith).toBe(MOVING);
    expect(states.find(({ kind }) => kind === 'waiting')).toMatchObject({
      reason: 'the server did not answer',
    });
  });

  test('for long is asked, and given up when it does not answer', async () => {
    await connect();
    const socket = environment.socket;
    await environment.advance(IDLE_MS);
    expect(socket.sent.at(-1)).toEqual({ type: 'ping' });
    await environment.advance(PONG_TIMEOUT_MS);
    expect(closings).toEqual(['the server fell silent']);
  });

  test('but answers when it is asked is kept', async () => {
    await connect();
    for (let round = 0; round < 5; round += 1) {
      await environment.advance(IDLE_MS);
      environment.socket.receive({ type: 'pong' });
    }
    expect(closings).toEqual([]);
    expect(environment.sockets).toHaveLength(1);
  });
});

test('a guest that cannot be made is tried again like a connection', async () => {
  tokenFails = true;
  session.start();
  await environment.advance(0);
  expect(state()).toMatchObject({ kind: 'waiting', reason: 'no guest could be made' });
  tokenFails = false;
  await environment.advance(250);
  welcome();
  expect(state()?.kind).toBe('connected');
});

test('what an old socket still brings is ignored', async () => {
  await connect();
  const old = environment.socket;
  old.events.closed(1006, '');
  await environment.advance(250);
  welcome();
  const before = states.length;
  old.receive({ type: 'pong' });
  old.events.closed(1006, '');
  expect(states).toHaveLength(before);
  expect(frames.filter(({ type }) => type === 'pong')).toEqual([]);
});

test('a restart waits at least as long as told', async () => {
  await connect();
  session.restart('a gap', 2_000);
  expect(state()).toMatchObject({ kind: 'waiting', retryAt: environment.time + 2_000 });
});

test('the end is a goodbye, and nothing comes after it', async () => {
  await connect();
  session.end();
  expect(environment.socket.closedWith).toBe(1000);
  await environment.advance(120_000);
  expect(environment.sockets).toHaveLength(1);
});
