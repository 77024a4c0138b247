// What a room shows: its messages in the order of their offsets, each once, and notices among them. Pure.

import { t } from '../i18n';
import type { Frame } from '../protocol/frames';
import type { Epoch, EventPage, RoomName, StreamEvent } from '../protocol/generated';
import { applied, offsetOf, type Line, type Notice } from './lines';
import { NO_READERS, withReaders, type Readers } from './readers';

/** What is kept to scroll back through: some 10 MB. Bounds the memory of a page that stays open for days. */
export const LINES_KEPT = 20_000;
/** How many go at once when there are more, so that it seldom happens. */
const LINES_DROPPED = 1_000;

export interface Room {
  readonly name: RoomName;
  /** The life of the stream; `undefined` until the room was joined for the first time. */
  readonly epoch: Epoch | undefined;
  /** All up to this offset is here, or before the first page. */
  readonly offset: number;
  readonly lines: readonly Line[];
  /** All from this offset on is here; those before it can be fetched, unless the talk begins here. */
  readonly oldest: number;
  /** Whether nothing older can be had. */
  readonly complete: boolean;
  /** The offset of the last change of a message that is not here. */
  readonly unmatched: number;
  /** The offset of the last event that changed the room itself, or who belongs to it; 0 without one. */
  readonly altered: number;
  /** Who has read up to where, as far as that is told in this room. */
  readonly readers: Readers;
  /** Makes the keys of notices. */
  readonly notices: number;
}

export function emptyRoom(name: RoomName): Room {
  return {
    name,
    epoch: undefined,
    offset: 0,
    lines: [],
    oldest: 1,
    complete: false,
    unmatched: 0,
    altered: 0,
    readers: NO_READERS,
    notices: 0,
  };
}

/**
 * A live event. One that is here already changes nothing. `undefined` when one before it is missing: that
 * one has to be fetched first, by a resume.
 *
 * A room at offset 7 takes 8, ignores 7, and answers `undefined` for 9.
 */
export function withEvent(room: Room, event: StreamEvent): Room | undefined {
  if (room.epoch === undefined || event.room !== room.name || event.offset <= room.offset) return room;
  if (event.offset > room.offset + 1) return undefined;
  return { ...withEvents(room, [event], room.epoch), offset: event.offset };
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
  const continues =
    joined.epoch === room.epoch && joined.offset >= room.offset && !isRewritten(room, joined, unasked);
  const next = {
    ...withLoss(room, joined, unasked, at),
    epoch: joined.epoch,
    offset: joined.offset,
    // Offsets stand for other messages now.
    readers: continues ? room.readers : NO_READERS,
  };
  const missed = joined.messages.filter(({ offset }) => !continues || offset > room.offset);
  const all = withEvents(next, missed, joined.epoch);
  if (room.epoch === joined.epoch) return all;
  // What was before another epoch is nowhere any more.
  const oldest = joined.messages[0]?.offset ?? joined.offset + 1;
  return { ...all, oldest, complete: room.epoch !== undefined || oldest === 1, unmatched: 0 };
}

/**
 * With a page of what was before. `undefined` when the page is older than a change that was told meanwhile of a
 * message that was not here: then it has to be asked for again.
 */
export function withOlder(room: Room, page: EventPage): Room | undefined {
  if (page.epoch !== room.epoch) return { ...room, complete: true };
  if (page.latest < room.unmatched) return undefined;
  const before = page.messages.filter(({ offset }) => offset < room.oldest);
  const shown = new Set(room.lines.map(({ key }) => key));
  const { lines } = applied([], before, page.epoch);
  const oldest = before[0]?.offset ?? room.oldest;
  return {
    ...room,
    lines: [...lines.filter(({ key }) => !shown.has(key)), ...room.lines],
    readers: withReaders(room.readers, before),
    oldest,
    complete: before.length === 0 || oldest <= page.oldest,
  };
}

/** With the latest lines alone, as for a room that is not looked at: the others can be fetched again. */
export function shortened(room: Room, kept: number): Room {
  if (room.lines.length <= kept) return room;
  const lines = room.lines.slice(-kept);
  const oldest = lines.map(offsetOf).find((offset) => offset !== undefined);
  return oldest === undefined ? room : { ...room, lines, oldest, complete: false };
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

function isOfConnection(notice: Notice): boolean {
  return notice.kind === 'closed' || notice.kind === 'back';
}

function withoutConnectionTail(lines: readonly Line[]): readonly Line[] {
  const lastOther = lines.findLastIndex((line) => !('notice' in line && isOfConnection(line.notice)));
  return lines.slice(0, lastOther + 1);
}

function withLines(room: Room, lines: readonly Line[]): Room {
  return bounded({ ...room, lines: [...room.lines, ...lines] });
}

function withEvents(room: Room, events: readonly StreamEvent[], epoch: Epoch): Room {
  const readers = withReaders(room.readers, events);
  // The lines stay the very same, so that nothing is drawn or measured anew.
  if (events.every(({ type }) => type === 'seen')) return { ...room, readers };
  const { lines, unmatched } = applied(room.lines, events, epoch);
  const altered = events.findLast(({ type }) => type === 'changed' || type === 'member')?.offset;
  return bounded({
    ...room,
    lines,
    readers,
    unmatched: Math.max(room.unmatched, unmatched),
    altered: altered ?? room.altered,
  });
}

function bounded(room: Room): Room {
  return room.lines.length > LINES_KEPT ? shortened(room, LINES_KEPT - LINES_DROPPED) : room;
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
