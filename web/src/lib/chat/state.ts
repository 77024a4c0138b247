// All that the page shows, and what each frame of the server makes of it. Pure.

import * as outboxes from '../connection/outbox';
import type { Outbox } from '../connection/outbox';
import type { Connection } from '../connection/session';
import { asReason, errorWords, t } from '../i18n';
import { fromJoined, withName, withPresence } from '../people/presence';
import { NOBODY_TYPES, withoutTypists, withTypist } from '../people/typing';
import { messagesOf, type Frame } from '../protocol/frames';
import type { EventPage, MyRoom, RoomName, ServerFrame, StreamEvent, User } from '../protocol/generated';
import { DEFAULT_LIMITS, type SessionLimits } from '../protocol/limits';
import { isOfPeopleOnly, withEvent, withJoined, withNotice, withOlder } from '../room/room';
import {
  allUpdated,
  lookedAt,
  lookedAway,
  NO_ROOMS,
  opened,
  updated,
  withMine,
  withoutRoom,
  withRoom,
  type OpenRoom,
  type Rooms,
} from '../rooms/rooms';
import { withPartner, withSettings } from '../rooms/directory';
import { readOnServer, readUpTo } from '../rooms/unread';
import { settled, type Changes } from './changes';

export type Rename =
  | { readonly kind: 'none' }
  | { readonly kind: 'asked'; readonly name: string }
  | { readonly kind: 'refused'; readonly problem: string };

export interface ChatState {
  readonly connection: Connection;
  /** Why there is no connection, until there is one again. */
  readonly trouble: string | undefined;
  readonly me: User | undefined;
  readonly limits: SessionLimits;
  /** The room that is looked at; empty until the address or the server named one. */
  readonly shown: RoomName;
  /** Those that the session is in all the time, the one that is shown among them. */
  readonly rooms: Rooms;
  /** The user's own list of rooms; `undefined` until the server told it. */
  readonly mine: readonly MyRoom[] | undefined;
  readonly outbox: Outbox;
  /** Edits, deletions and reactions that are under way. */
  readonly changes: Changes;
  /** Why the last of them was not done. */
  readonly changeProblem: string | undefined;
  readonly rename: Rename;
  /** Why what the address names cannot be had. */
  readonly roomProblem: string | undefined;
}

export function initialState(outbox: Outbox): ChatState {
  return {
    connection: { kind: 'connecting', moving: false },
    trouble: undefined,
    me: undefined,
    limits: DEFAULT_LIMITS,
    shown: '',
    rooms: NO_ROOMS,
    mine: undefined,
    outbox,
    changes: [],
    changeProblem: undefined,
    rename: { kind: 'none' },
    roomProblem: undefined,
  };
}

const NOWHERE = opened('');

/** The room that is looked at, with nothing in it as long as there is none. */
export function shownRoom({ shown, rooms }: ChatState): OpenRoom {
  return rooms.get(shown) ?? NOWHERE;
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
      return { state: onJoined(state, frame, clock.now()) };
    case 'message':
    case 'edited':
    case 'deleted':
    case 'reacted':
    case 'erased':
    case 'changed':
    case 'member':
    case 'seen':
      return onEvent(state, frame);
    case 'ack':
      return { state: { ...state, outbox: onAck(state, frame), changes: settled(state.changes, frame.id) } };
    case 'read':
      return {
        state: inOneRoom(state, frame.room, (open) => readOnServer(open, frame.offset, frame.unread)),
      };
    case 'presence':
      return { state: inOneRoom(state, frame.room, (open) => onPresence(open, frame)) };
    case 'renamed':
      return { state: onRenamed(state, frame, clock.now()) };
    case 'typing':
      return { state: onTyping(state, frame, clock.now()) };
    case 'error':
      return onError(state, frame, clock);
    case 'left':
      return { state: onLeft(state, frame) };
    case 'roomsChanged':
    case 'pong':
    case 'reconnect':
      return { state };
  }
}

/** Put out of a room, or it is no more. */
function onLeft(state: ChatState, { room, reason }: Frame<'left'>): ChatState {
  // Left and entered again meanwhile: the answer to that join is about to come.
  if (reason === undefined) return inOneRoom(state, room, (open) => ({ ...open, joined: false }));
  const mine = state.mine?.filter(({ info }) => info.room !== room);
  return barred({ ...state, mine }, room, t.rooms[reason]);
}

/** One may not be in a room: nothing of it is shown, and what waited to be said there is not sent. */
function barred(state: ChatState, room: RoomName, why: string): ChatState {
  const rooms = withoutRoom(state.rooms, room);
  return {
    ...state,
    rooms:
      room === state.shown
        ? updated(withRoom(rooms, room), room, (open) => ({ ...open, barred: why }))
        : rooms,
    outbox: outboxes.refusedIn(state.outbox, room, why),
  };
}

export function onConnection(state: ChatState, connection: Connection): ChatState {
  if (connection.kind === 'connected') return { ...state, connection, trouble: undefined };
  return {
    ...state,
    connection,
    trouble: 'reason' in connection ? connection.reason : state.trouble,
    rooms: allUpdated(state.rooms, (open) => ({ ...open, joined: false, typing: NOBODY_TYPES })),
    outbox: outboxes.connectionLost(state.outbox),
    rename: state.rename.kind === 'asked' ? { kind: 'refused', problem: t.people.renameLost } : state.rename,
  };
}

/**
 * Somebody else speaks from now on: what only the one before could see is gone, and what waits to be sent is not
 * sent in another's name unless they say so.
 */
export function asAnother(state: ChatState): ChatState {
  return {
    ...state,
    me: undefined,
    mine: undefined,
    changes: [],
    rooms: withRoom(NO_ROOMS, state.shown),
    outbox: state.outbox.reduce<Outbox>(
      (outbox, { id }) => outboxes.refused(outbox, id, t.account.writtenAsAnother),
      state.outbox,
    ),
  };
}

export function onClosed(state: ChatState, reason: string, at: number): ChatState {
  const text = t.connection.closed(reason);
  return {
    ...state,
    rooms: allUpdated(state.rooms, (open) => ({
      ...open,
      away: true,
      room: withNotice(open.room, { kind: 'closed', text, at }),
    })),
  };
}

/** Another room is looked at. The one before goes on behind it, unless nothing was ever heard there. */
export function inRoom(state: ChatState, name: RoomName, roomProblem: string | undefined): ChatState {
  if (name === state.shown) return { ...state, roomProblem };
  const before = shownRoom(state);
  const isListed = state.mine?.some(({ info }) => info.room === state.shown) ?? false;
  const rooms =
    before.room.offset > 0 || isListed
      ? updated(state.rooms, state.shown, lookedAway)
      : withoutRoom(state.rooms, state.shown);
  return { ...state, shown: name, rooms: updated(withRoom(rooms, name), name, lookedAt), roomProblem };
}

/** The user's own list of rooms came. */
export function onMine(state: ChatState, mine: readonly MyRoom[]): ChatState {
  const { rooms, shown, limits } = state;
  return { ...state, mine, rooms: withMine(rooms, mine, state.mine ?? [], shown, limits.rooms) };
}

/** Older messages are asked for. */
export function onOlderAsked(state: ChatState, name: RoomName): ChatState {
  return inOneRoom(state, name, (open) => ({ ...open, older: { kind: 'loading' } }));
}

export function onOlderFailed(state: ChatState, name: RoomName, problem: string): ChatState {
  return inOneRoom(state, name, (open) => ({ ...open, older: { kind: 'failed', problem } }));
}

/** They came. `undefined` when they have to be asked for again. */
export function onOlder(state: ChatState, name: RoomName, page: EventPage): ChatState | undefined {
  const open = state.rooms.get(name);
  if (open === undefined) return state;
  const room = withOlder(open.room, page);
  return room && inOneRoom(state, name, () => ({ ...open, room, older: { kind: 'idle' } }));
}

/** Somebody saw all up to `offset`. */
export function onSeen(state: ChatState, name: RoomName, offset: number): ChatState {
  return inOneRoom(state, name, (open) => readUpTo(open, offset, state.me?.id));
}

/** Somebody looks away from the page, or back at it: what comes meanwhile is marked as new. */
export function onLookedAway(state: ChatState): ChatState {
  return inOneRoom(state, state.shown, (open) => ({ ...open, newFrom: open.room.offset }));
}

function inOneRoom(state: ChatState, name: RoomName, change: (open: OpenRoom) => OpenRoom): ChatState {
  const rooms = updated(state.rooms, name, change);
  return rooms === state.rooms ? state : { ...state, rooms };
}

function onJoined(state: ChatState, joined: Frame<'joined'>, at: number): ChatState {
  const open = state.rooms.get(joined.room);
  if (open === undefined) return state;
  // The page never asks for a room that it is in.
  const unasked = open.joined;
  const presence = fromJoined(joined);
  if (isOfPeopleOnly(open.room, joined, unasked)) {
    return inOneRoom(state, joined.room, () => ({ ...open, presence }));
  }
  const before = open.away ? withNotice(open.room, { kind: 'back', text: t.connection.back, at }) : open.room;
  const room = withJoined(before, joined, unasked, at);
  const arrived = messagesOf(joined.messages).map(({ id }) => id);
  return {
    ...inOneRoom(state, joined.room, () => ({
      ...open,
      joined: true,
      barred: undefined,
      away: false,
      room,
      presence,
    })),
    outbox: outboxes.shownUpTo(outboxes.without(state.outbox, arrived), joined.room, joined.offset),
  };
}

function onEvent(state: ChatState, event: StreamEvent): Outcome {
  const open = state.rooms.get(event.room);
  if (open === undefined) return { state };
  const room = withEvent(open.room, event);
  if (!room) return { state, restart: { reason: t.connection.reasons.messageMissing, atLeastMs: 0 } };
  if (event.type !== 'message') {
    const mine = event.type === 'changed' ? state.mine && withSettings(state.mine, event) : state.mine;
    return { state: { ...inOneRoom(state, event.room, () => ({ ...open, room })), mine } };
  }
  const typing = withoutTypists(open.typing, [event.user.id]);
  // Who answers has seen what was new.
  const newFrom = event.user.id === state.me?.id ? undefined : open.newFrom;
  return {
    state: {
      ...inOneRoom(state, event.room, () => ({ ...open, room, typing, newFrom })),
      outbox: outboxes.without(state.outbox, [event.id]),
    },
  };
}

function onAck({ outbox, rooms }: ChatState, ack: Frame<'ack'>): Outbox {
  const shown = rooms.get(ack.room)?.room.offset ?? Infinity;
  return outboxes.acknowledged(outbox, ack.id, ack.offset, ack.time, shown);
}

function onPresence(open: OpenRoom, frame: Frame<'presence'>): OpenRoom {
  return {
    ...open,
    presence: withPresence(open.presence, frame),
    typing: withoutTypists(open.typing, frame.left),
  };
}

function onRenamed(state: ChatState, { user, name }: Frame<'renamed'>, at: number): ChatState {
  const own = user === state.me?.id;
  return {
    ...state,
    me: own ? { id: user, name } : state.me,
    rooms: allUpdated(state.rooms, (open) => {
      const before = own ? state.me.name : open.presence.members.get(user)?.name;
      // Someone of another room, or one of the many that a large room does not list.
      if (before === undefined) return open;
      const text = own ? t.people.youAreNowCalled(name) : t.people.nowCalled(before, name);
      return {
        ...open,
        presence: withName(open.presence, user, name),
        room: before === name ? open.room : withNotice(open.room, { kind: 'renamed', text, at }),
      };
    }),
    mine: own ? state.mine : state.mine?.map((each) => withPartner(each, state.rooms, user, name)),
    rename: own ? { kind: 'none' } : state.rename,
  };
}

function onTyping(state: ChatState, { room, user }: Frame<'typing'>, now: number): ChatState {
  if (user.id === state.me?.id) return state;
  return inOneRoom(state, room, (open) => ({ ...open, typing: withTypist(open.typing, user, now) }));
}

function onError(state: ChatState, error: Frame<'error'>, clock: Clock): Outcome {
  const { ref, retryAfterMs } = error;
  const message = errorWords(error.code, error.message);
  if (ref !== undefined && state.outbox.some(({ id }) => id === ref)) {
    const outbox =
      retryAfterMs === undefined
        ? outboxes.refused(state.outbox, ref, message)
        : outboxes.deferred(state.outbox, ref, message, retryAfterMs, clock.now(), clock.random());
    return { state: { ...state, outbox } };
  }
  if (ref !== undefined && state.changes.some(({ id }) => id === ref)) {
    return {
      state: {
        ...state,
        changes: settled(state.changes, ref),
        changeProblem: errorWords(error.code, message),
      },
    };
  }
  const open = ref === undefined ? undefined : state.rooms.get(ref);
  if (ref !== undefined && open?.joined === false) {
    // A resume can only be said in a hello, so the whole connection is begun anew.
    if (retryAfterMs !== undefined)
      return { state, restart: { reason: asReason(message), atLeastMs: retryAfterMs } };
    // What was said there before one knew of it is refused for no other reason.
    return { state: open.barred === undefined ? barred(state, ref, message) : state };
  }
  if (ref === undefined && state.rename.kind === 'asked') {
    return { state: { ...state, rename: { kind: 'refused', problem: message } } };
  }
  return { state };
}
