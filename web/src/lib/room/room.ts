// What a room shows: its messages in the order of their offsets, each once, and notices among them. Pure.

import { t } from '../i18n';
import { messagesOf, type Frame } from '../protocol/frames';
import type { Epoch, Message, RoomName } from '../protocol/generated';

/** What is kept to scroll back through: some 10 MB. Bounds the memory of a page that stays open for days. */
export const LINES_KEPT = 20_000;
/** How many go at once when there are more, so that it seldom happens. */
const LINES_DROPPED = 1_000;

export type NoticeKind =
  /** A session closed. */
  | 'closed'
  /** It is back. */
  | 'back'
  /** Someone has another name. */
  | 'renamed'
  /** Messages are missing. */
  | 'loss';

export interface Notice {
  readonly kind: NoticeKind;
  readonly text: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly at: number;
}

export type Line =
  { readonly key: string; readonly message: Message } | { readonly key: string; readonly notice: Notice };

export interface Room {
  readonly name: RoomName;
  /** The life of the stream; `undefined` until the room was joined for the first time. */
  readonly epoch: Epoch | undefined;
  /** All up to this offset is here, or before the first page. */
  readonly offset: number;
  readonly lines: readonly Line[];
  /** Makes the keys of notices. */
  readonly notices: number;
}

export function emptyRoom(name: RoomName): Room {
  return { name, epoch: undefined, offset: 0, lines: [], notices: 0 };
}

/**
 * A live message. One that is here already changes nothing. `undefined` when one before it is missing: that
 * one has to be fetched first, by a resume.
 *
 * A room at offset 7 takes 8, ignores 7, and answers `undefined` for 9.
 */
export function withMessage(room: Room, message: Message): Room | undefined {
  if (room.epoch === undefined || message.room !== room.name || message.offset <= room.offset) return room;
  if (message.offset > room.offset + 1) return undefined;
  return { ...withLines(room, newMessages(room, [message])), offset: message.offset };
}

/** Whether a server tells unasked who is there: no message is missing, and its offset tells of none. */
export function isOfPeopleOnly(room: Room, joined: Frame<'joined'>, unasked: boolean): boolean {
  return unasked && joined.recovered && joined.epoch === room.epoch;
}

/**
 * The answer to a join or a resume, or told unasked: then the server itself lost messages, unless it is of
 * people only. What was lost is said, never hidden.
 */
export function withJoined(room: Room, joined: Frame<'joined'>, unasked: boolean, at: number): Room {
  if (joined.room !== room.name || isOfPeopleOnly(room, joined, unasked)) return room;
  const next = { ...withLoss(room, joined, unasked, at), epoch: joined.epoch, offset: joined.offset };
  const continues =
    joined.epoch === room.epoch && joined.offset >= room.offset && !isRewritten(room, joined, unasked);
  const missed = messagesOf(joined.messages).filter((message) => !continues || message.offset > room.offset);
  return withLines(next, newMessages(room, missed));
}

export function withNotice(room: Room, notice: Notice): Room {
  const last = room.lines.at(-1);
  // A server that comes and goes says so in one place: closed and back are told by the latest of each.
  const repeats =
    last !== undefined && 'notice' in last && isOfConnection(last.notice) && isOfConnection(notice);
  const lines = repeats && notice.kind === 'closed' ? withoutConnectionTail(room.lines) : room.lines;
  return withLines({ ...room, lines, notices: room.notices + 1 }, [
    { key: `notice-${room.notices}`, notice },
  ]);
}

/** The ids of all messages that are shown. */
export function shownIds(lines: readonly Line[]): string[] {
  return lines.flatMap((line) => ('message' in line ? [line.message.id] : []));
}

function isOfConnection(notice: Notice): boolean {
  return notice.kind === 'closed' || notice.kind === 'back';
}

function withoutConnectionTail(lines: readonly Line[]): readonly Line[] {
  const lastOther = lines.findLastIndex((line) => !('notice' in line && isOfConnection(line.notice)));
  return lines.slice(0, lastOther + 1);
}

function withLines(room: Room, lines: readonly Line[]): Room {
  const all = [...room.lines, ...lines];
  return { ...room, lines: all.length > LINES_KEPT ? all.slice(LINES_DROPPED - LINES_KEPT) : all };
}

/** Without those that are shown already: a message that was stored again in another epoch is still the same. */
function newMessages(room: Room, messages: readonly Message[]): Line[] {
  // Live ones come alone, and there a walk is quicker than a set.
  const shown =
    messages.length === 1
      ? { has: (id: string) => room.lines.some((line) => line.key === id) }
      : new Set(shownIds(room.lines));
  return messages.filter(({ id }) => !shown.has(id)).map((message) => ({ key: message.id, message }));
}

function withLoss(room: Room, joined: Frame<'joined'>, unasked: boolean, at: number): Room {
  const text = lossIn(room, joined, unasked);
  return text === undefined ? room : withNotice(room, { kind: 'loss', text, at });
}

/** A loss that leaves no hole in the offsets: some of them stand for other messages now. */
function isRewritten(room: Room, joined: Frame<'joined'>, unasked: boolean): boolean {
  return unasked && (joined.messages[0]?.offset ?? joined.offset + 1) <= room.offset + 1;
}

function lossIn(room: Room, joined: Frame<'joined'>, unasked: boolean): string | undefined {
  if (room.epoch === undefined || (room.epoch === joined.epoch && joined.recovered)) return undefined;
  if (room.epoch !== joined.epoch || joined.offset < room.offset) {
    return t.connection.anew;
  }
  if (isRewritten(room, joined, unasked)) return t.connection.maybeMissing;
  const first = joined.messages.find((message) => message.offset > room.offset)?.offset ?? joined.offset + 1;
  const missing = first - room.offset - 1;
  if (missing === 0) return undefined;
  return t.connection.missing(missing);
}
