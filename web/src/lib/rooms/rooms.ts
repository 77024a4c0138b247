// The rooms that this session is in, or about to be, by name. Pure.

import { NOBODY, type Presence } from '../people/presence';
import { NOBODY_TYPES, type Typing } from '../people/typing';
import type { MyRoom, RoomName } from '../protocol/generated';
import { emptyRoom, shortened, type Room } from '../room/room';
import type { ReadPosition } from './unread';

/** How many lines stay of a room that is not looked at: a screen or two, the rest can be fetched again. */
const LINES_BEHIND = 200;

/** What is under way for older messages. */
export type Older =
  | { readonly kind: 'idle' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly problem: string };

/** One of them, with all that is known of it. */
export interface OpenRoom {
  readonly room: Room;
  /** Whether this connection is in it. */
  readonly joined: boolean;
  /** Why one may not be in it, in words; `undefined` as long as nobody said so. */
  readonly barred: string | undefined;
  /** Whether a session of this room closed, and the page has not said since that it is back. */
  readonly away: boolean;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly older: Older;
  /** How far one has read; `undefined` where one never read anything, or that is not known yet. */
  readonly read: ReadPosition | undefined;
  /** Behind this offset it was new when one came to look; `undefined` when nothing is marked as new. */
  readonly newFrom: number | undefined;
}

export type Rooms = ReadonlyMap<RoomName, OpenRoom>;

export const NO_ROOMS: Rooms = new Map();

export function opened(name: RoomName): OpenRoom {
  return {
    room: emptyRoom(name),
    joined: false,
    barred: undefined,
    away: false,
    presence: NOBODY,
    typing: NOBODY_TYPES,
    older: { kind: 'idle' },
    read: undefined,
    newFrom: undefined,
  };
}

/** With another state of one room; a room that is not there stays so. */
export function updated(rooms: Rooms, name: RoomName, change: (open: OpenRoom) => OpenRoom): Rooms {
  const before = rooms.get(name);
  if (before === undefined) return rooms;
  const after = change(before);
  return after === before ? rooms : new Map(rooms).set(name, after);
}

/** With another state of every room. */
export function allUpdated(rooms: Rooms, change: (open: OpenRoom) => OpenRoom): Rooms {
  return new Map(Array.from(rooms, ([name, open]) => [name, change(open)]));
}

/** With this room, which may be there already. */
export function withRoom(rooms: Rooms, name: RoomName): Rooms {
  return rooms.has(name) ? rooms : new Map(rooms).set(name, opened(name));
}

export function withoutRoom(rooms: Rooms, name: RoomName): Rooms {
  return rooms.has(name) ? new Map([...rooms].filter(([other]) => other !== name)) : rooms;
}

/** Somebody comes to look at it: what they have not read is marked as new. */
export function lookedAt(open: OpenRoom): OpenRoom {
  return { ...open, newFrom: open.read?.offset };
}

/** Nobody looks at it any more. */
export function lookedAway(open: OpenRoom): OpenRoom {
  return { ...open, room: shortened(open.room, LINES_BEHIND), newFrom: undefined };
}

/**
 * With the user's own list: its rooms are entered, as many as a session may be in, and those that were on the list
 * `before` and are no more are left. The one that is `shown` stays.
 */
export function withMine(
  rooms: Rooms,
  mine: readonly MyRoom[],
  before: readonly MyRoom[],
  shown: RoomName,
  limit: number,
): Rooms {
  const listed = new Set(mine.map(({ info }) => info.room));
  const gone = new Set(before.map(({ info }) => info.room).filter((room) => !listed.has(room)));
  const next = new Map([...rooms].filter(([name]) => name === shown || !gone.has(name)));
  for (const { info, read, unread, latest } of mine) {
    const open = next.get(info.room) ?? opened(info.room);
    if (!next.has(info.room) && next.size >= limit) break;
    // Positions never go back: an answer may be older than what was said meanwhile.
    if (open.read !== undefined && open.read.offset > read) continue;
    const isFirst = open.read === undefined && info.room === shown;
    const marked = isFirst && unread > 0 ? read : open.newFrom;
    next.set(info.room, {
      ...open,
      // Whoever was put out of it is invited again.
      barred: undefined,
      read: { offset: read, unread, countedTo: latest },
      newFrom: marked,
    });
  }
  return next;
}
