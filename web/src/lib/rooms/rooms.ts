// The rooms that this session is in, or about to be, by name. Pure.

import { NOBODY, type Presence } from '../people/presence';
import { NOBODY_TYPES, type Typing } from '../people/typing';
import type { RoomName } from '../protocol/generated';
import { emptyRoom, type Room } from '../room/room';

/** One of them, with all that is known of it. */
export interface OpenRoom {
  readonly room: Room;
  /** Whether this connection is in it. */
  readonly joined: boolean;
  /** Whether a session of this room closed, and the page has not said since that it is back. */
  readonly away: boolean;
  readonly presence: Presence;
  readonly typing: Typing;
}

export type Rooms = ReadonlyMap<RoomName, OpenRoom>;

export const NO_ROOMS: Rooms = new Map();

export function opened(name: RoomName): OpenRoom {
  return { room: emptyRoom(name), joined: false, away: false, presence: NOBODY, typing: NOBODY_TYPES };
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
