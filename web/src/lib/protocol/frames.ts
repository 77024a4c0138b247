// The edge of the wire: text to frames that can be trusted, and frames to text.

import {
  hasShape,
  isBoolean,
  isListOf,
  isNumber,
  isObject,
  isString,
  optional,
  parseJson,
  type Check,
} from './checks';
import type {
  ClientFrame,
  ErrorCode,
  LeftReason,
  Limits,
  MemberChange,
  Message,
  Reaction,
  ServerFrame,
  StreamEvent,
  User,
} from './generated';

type FrameType = ServerFrame['type'];

/** The server's frame of one type. */
export type Frame<T extends FrameType> = Extract<ServerFrame, { type: T }>;

/** What a frame has besides its type. */
type Fields<T extends FrameType> = Omit<Frame<T>, 'type'>;

const isUser = hasShape<User>({ id: isString, name: isString });

// What every event of a room's stream has.
const event = { room: isString, offset: isNumber, user: isUser, time: isString };

const messageShape = {
  ...event,
  id: isString,
  text: isString,
  mentions: optional(isListOf(isString)),
  edited: optional(isString),
  reactions: optional(isListOf(hasShape<Reaction>({ emoji: isString, users: isListOf(isString) }))),
  amended: optional(isNumber),
};

// A change or reason that this page does not know is still one.
const isMemberChange = isString as Check<MemberChange>;
const isLeftReason = isString as Check<LeftReason>;

/** The messages among events, as `joined` has them. */
export function messagesOf(events: readonly StreamEvent[]): Message[] {
  return events.flatMap((event) => {
    if (event.type !== 'message') return [];
    const { type: _, ...message } = event;
    return [message];
  });
}

/** One check for each event of a room's stream. */
const streamChecks: { [T in StreamEvent['type']]: Check<Fields<T>> } = {
  message: hasShape<Fields<'message'>>(messageShape),
  edited: hasShape<Fields<'edited'>>({
    ...event,
    of: isNumber,
    id: isString,
    text: optional(isString),
    mentions: optional(isListOf(isString)),
  }),
  deleted: hasShape<Fields<'deleted'>>({ ...event, of: isNumber, id: isString }),
  reacted: hasShape<Fields<'reacted'>>({
    ...event,
    of: isNumber,
    id: isString,
    emoji: isString,
    on: isBoolean,
  }),
  erased: hasShape<Fields<'erased'>>({ ...event, id: isString, amended: isNumber }),
  changed: hasShape<Fields<'changed'>>({ ...event, title: optional(isString), topic: optional(isString) }),
  member: hasShape<Fields<'member'>>({ ...event, member: isUser, change: isMemberChange }),
  seen: hasShape<Fields<'seen'>>({ ...event, of: isNumber }),
};

export function isStreamEvent(value: unknown): value is StreamEvent {
  if (!isObject(value) || !isString(value.type) || !Object.hasOwn(streamChecks, value.type)) return false;
  return streamChecks[value.type as StreamEvent['type']](value);
}

const isLimits = hasShape<Limits>({
  nameChars: isNumber,
  roomChars: isNumber,
  textChars: isNumber,
  frameBytes: isNumber,
  rooms: isNumber,
  history: isNumber,
});

// A code that this page does not know is still an error, and its message says what is wrong.
const isErrorCode = isString as Check<ErrorCode>;

/** One check a frame. The compiler complains when the server has a frame or a field that is not here. */
const checks: { [T in FrameType]: Check<Fields<T>> } = {
  welcome: hasShape<Fields<'welcome'>>({
    session: isString,
    user: isUser,
    server: isString,
    limits: isLimits,
    token: optional(isString),
  }),
  joined: hasShape<Fields<'joined'>>({
    room: isString,
    epoch: isString,
    offset: isNumber,
    recovered: isBoolean,
    messages: isListOf(isStreamEvent),
    members: isListOf(isUser),
    count: isNumber,
  }),
  left: hasShape<Fields<'left'>>({ room: isString, reason: optional(isLeftReason) }),
  ack: hasShape<Fields<'ack'>>({
    id: isString,
    room: isString,
    offset: isNumber,
    time: isString,
  }),
  ...streamChecks,
  read: hasShape<Fields<'read'>>({ room: isString, offset: isNumber, unread: isNumber }),
  roomsChanged: isObject,
  renamed: hasShape<Fields<'renamed'>>({ user: isString, name: isString }),
  typing: hasShape<Fields<'typing'>>({ room: isString, user: isUser }),
  pong: isObject,
  presence: hasShape<Fields<'presence'>>({
    room: isString,
    joined: isListOf(isUser),
    left: isListOf(isString),
    count: isNumber,
  }),
  reconnect: hasShape<Fields<'reconnect'>>({ delayMs: isNumber, reason: isString }),
  error: hasShape<Fields<'error'>>({
    code: isErrorCode,
    message: isString,
    ref: optional(isString),
    retryAfterMs: optional(isNumber),
  }),
};

function isServerFrame(value: unknown): value is ServerFrame {
  if (!isObject(value) || !isString(value.type) || !Object.hasOwn(checks, value.type)) return false;
  return checks[value.type as FrameType](value);
}

/**
 * The frames in what a WebSocket delivered: one, or several, one a line. What is unknown or malformed is left
 * out: a newer server may say more than this page understands.
 */
export function decodeFrames(text: string): ServerFrame[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseJson)
    .filter(isServerFrame);
}

export function encodeFrame(frame: ClientFrame): string {
  return JSON.stringify(frame);
}
