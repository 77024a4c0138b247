// All that the page shows, and what each frame of the server makes of it. Pure.

import * as outboxes from '../connection/outbox';
import type { Outbox } from '../connection/outbox';
import type { Connection } from '../connection/session';
import { fromJoined, NOBODY, withName, withPresence, type Presence } from '../people/presence';
import { NOBODY_TYPES, withoutTypists, withTypist, type Typing } from '../people/typing';
import type { Frame } from '../protocol/frames';
import type { RoomName, ServerFrame, User } from '../protocol/generated';
import { DEFAULT_LIMITS, type TextLimits } from '../protocol/limits';
import { emptyRoom, isOfPeopleOnly, withJoined, withMessage, withNotice, type Room } from '../room/room';

export type Rename =
  | { readonly kind: 'none' }
  | { readonly kind: 'asked'; readonly name: string }
  | { readonly kind: 'refused'; readonly problem: string };

export interface ChatState {
  readonly connection: Connection;
  /** Why there is no connection, until there is one again. */
  readonly trouble: string | undefined;
  /** Whether this connection is in the room. */
  readonly joined: boolean;
  /** Whether a session of this room closed, and the page has not said since that it is back. */
  readonly away: boolean;
  readonly me: User | undefined;
  readonly limits: TextLimits;
  readonly room: Room;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly outbox: Outbox;
  readonly rename: Rename;
  /** Why the room in the address cannot be had. */
  readonly roomProblem: string | undefined;
}

export function initialState(outbox: Outbox): ChatState {
  return {
    connection: { kind: 'connecting', moving: false },
    trouble: undefined,
    joined: false,
    away: false,
    me: undefined,
    limits: DEFAULT_LIMITS,
    room: emptyRoom(''),
    presence: NOBODY,
    typing: NOBODY_TYPES,
    outbox,
    rename: { kind: 'none' },
    roomProblem: undefined,
  };
}

/** What a frame leads to: another state, and perhaps the end of this connection, to come back and resume. */
export interface Outcome {
  readonly state: ChatState;
  readonly restart?: { readonly reason: string; readonly atLeastMs: number };
}

export interface Clock {
  readonly now: () => number;
  readonly random: () => number;
}

export function onFrame(state: ChatState, frame: ServerFrame, clock: Clock): Outcome {
  switch (frame.type) {
    case 'welcome':
      return { state: { ...state, me: frame.user, limits: frame.limits } };
    case 'joined':
      return { state: frame.room === state.room.name ? onJoined(state, frame, clock.now()) : state };
    case 'message':
      return onMessage(state, frame);
    case 'ack':
      return { state: { ...state, outbox: onAck(state, frame) } };
    case 'presence':
      return { state: frame.room === state.room.name ? onPresence(state, frame) : state };
    case 'renamed':
      return { state: onRenamed(state, frame, clock.now()) };
    case 'typing':
      return { state: onTyping(state, frame, clock.now()) };
    case 'error':
      return onError(state, frame, clock);
    case 'left':
      // Left and entered again meanwhile: the answer to that join is about to come.
      return { state: frame.room === state.room.name ? { ...state, joined: false } : state };
    case 'pong':
    case 'reconnect':
      return { state };
  }
}

export function onConnection(state: ChatState, connection: Connection): ChatState {
  if (connection.kind === 'connected') return { ...state, connection, trouble: undefined };
  return {
    ...state,
    connection,
    trouble: 'reason' in connection ? connection.reason : state.trouble,
    joined: false,
    typing: NOBODY_TYPES,
    outbox: outboxes.connectionLost(state.outbox),
    rename:
      state.rename.kind === 'asked'
        ? { kind: 'refused', problem: 'The connection was lost before the name was changed.' }
        : state.rename,
  };
}

export function onClosed(state: ChatState, reason: string, at: number): ChatState {
  const text = `Connection closed: ${reason}.`;
  return { ...state, away: true, room: withNotice(state.room, { kind: 'closed', text, at }) };
}

export function inRoom(state: ChatState, name: RoomName, roomProblem: string | undefined): ChatState {
  if (name === state.room.name) return { ...state, roomProblem };
  return {
    ...state,
    room: emptyRoom(name),
    joined: false,
    away: false,
    presence: NOBODY,
    typing: NOBODY_TYPES,
    roomProblem,
  };
}

function onJoined(state: ChatState, joined: Frame<'joined'>, at: number): ChatState {
  // The page never asks for a room that it is in.
  const unasked = state.joined;
  if (isOfPeopleOnly(state.room, joined, unasked)) return { ...state, presence: fromJoined(joined) };
  const room = state.away
    ? withNotice(state.room, { kind: 'back', text: 'Connected again.', at })
    : state.room;
  const arrived = joined.messages.map(({ id }) => id);
  return {
    ...state,
    joined: true,
    away: false,
    room: withJoined(room, joined, unasked, at),
    presence: fromJoined(joined),
    outbox: outboxes.shownUpTo(outboxes.without(state.outbox, arrived), joined.room, joined.offset),
  };
}

function onMessage(state: ChatState, message: Frame<'message'>): Outcome {
  const { type: _, ...plain } = message;
  const room = withMessage(state.room, plain);
  if (!room) return { state, restart: { reason: 'a message was missing', atLeastMs: 0 } };
  return {
    state: {
      ...state,
      room,
      typing: withoutTypists(state.typing, [message.user.id]),
      outbox: outboxes.without(state.outbox, [message.id]),
    },
  };
}

function onAck({ outbox, room }: ChatState, ack: Frame<'ack'>): Outbox {
  const shown = ack.room === room.name ? room.offset : Infinity;
  return outboxes.acknowledged(outbox, ack.id, ack.offset, ack.time, shown);
}

function onPresence(state: ChatState, frame: Frame<'presence'>): ChatState {
  return {
    ...state,
    presence: withPresence(state.presence, frame),
    typing: withoutTypists(state.typing, frame.left),
  };
}

function onRenamed(state: ChatState, { user, name }: Frame<'renamed'>, at: number): ChatState {
  const own = user === state.me?.id;
  const before = own ? state.me.name : state.presence.members.get(user)?.name;
  const text = own ? `You are now called ${name}.` : `${before ?? 'Someone'} is now called ${name}.`;
  return {
    ...state,
    me: own ? { id: user, name } : state.me,
    presence: withName(state.presence, user, name),
    room: before === name ? state.room : withNotice(state.room, { kind: 'renamed', text, at }),
    rename: own ? { kind: 'none' } : state.rename,
  };
}

function onTyping(state: ChatState, { room, user }: Frame<'typing'>, now: number): ChatState {
  if (room !== state.room.name || user.id === state.me?.id) return state;
  return { ...state, typing: withTypist(state.typing, user, now) };
}

function onError(state: ChatState, error: Frame<'error'>, clock: Clock): Outcome {
  const { ref, message, retryAfterMs } = error;
  if (ref !== undefined && state.outbox.some(({ id }) => id === ref)) {
    const outbox =
      retryAfterMs === undefined
        ? outboxes.refused(state.outbox, ref, message)
        : outboxes.deferred(state.outbox, ref, message, retryAfterMs, clock.now(), clock.random());
    return { state: { ...state, outbox } };
  }
  if (ref === state.room.name && !state.joined) {
    // A resume can only be said in a hello, so the whole connection is begun anew.
    if (retryAfterMs !== undefined) return { state, restart: { reason: message, atLeastMs: retryAfterMs } };
    return { state: { ...state, roomProblem: message } };
  }
  if (ref === undefined && state.rename.kind === 'asked') {
    return { state: { ...state, rename: { kind: 'refused', problem: message } } };
  }
  return { state };
}
