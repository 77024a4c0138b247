// How much of each room is unread. The server keeps one position a user and room, so that all devices agree; what
// comes after its count is counted here. Pure.

import { UNREAD_MAX, type MyRoom, type RoomName, type UserId } from '../protocol/generated';
import type { Room } from '../room/room';
import type { OpenRoom, Rooms } from './rooms';

/** How far one has read, as the server told it last. */
export interface ReadPosition {
  /** All up to here was read. */
  readonly offset: number;
  /** How many messages of others there were behind it, as the server counted them. */
  readonly unread: number;
  /** Up to where the server had counted. */
  readonly countedTo: number;
}

/**
 * Messages of others behind the read position, at most `UNREAD_MAX`. Where all of them are here they are counted;
 * else it is the server's count and what came since. A room that one never read in has none.
 */
export function unreadIn({ room, read }: Pick<OpenRoom, 'room' | 'read'>, me: UserId | undefined): number {
  if (read === undefined) return 0;
  const allHere = room.epoch !== undefined && room.oldest <= read.offset + 1;
  const count = allHere
    ? messagesBehind(room, read.offset, me)
    : read.unread + messagesBehind(room, Math.max(read.offset, read.countedTo), me);
  return Math.min(count, UNREAD_MAX);
}

/** How many unread messages each room has; rooms without any are left out. */
export function unreadByRoom(rooms: Rooms, me: UserId | undefined): ReadonlyMap<RoomName, number> {
  const counts = new Map<RoomName, number>();
  for (const [name, open] of rooms) {
    const unread = unreadIn(open, me);
    if (unread > 0) counts.set(name, unread);
  }
  return counts;
}

/** The user's own list with what is unread by now; a room that the session is not in keeps the server's count. */
export function withUnread(mine: readonly MyRoom[], rooms: Rooms, me: UserId | undefined): MyRoom[] {
  return mine.map((each) => {
    const open = rooms.get(each.info.room);
    return open === undefined ? each : { ...each, unread: unreadIn(open, me) };
  });
}

/** "3", and "99+" for as many as the server does not count any further. */
export function unreadWords(count: number): string {
  return count >= UNREAD_MAX ? `${UNREAD_MAX - 1}+` : String(count);
}

/** Read up to `offset`, as this page knows it before the server has said so. Never goes back. */
export function readUpTo(open: OpenRoom, offset: number, me: UserId | undefined): OpenRoom {
  if (offset <= (open.read?.offset ?? 0)) return open;
  const unread = messagesBehind(open.room, offset, me);
  return { ...open, read: { offset, unread, countedTo: Math.max(offset, open.room.offset) } };
}

/** What the server says of it, on behalf of whichever device. */
export function readOnServer(open: OpenRoom, offset: number, unread: number): OpenRoom {
  if (offset < (open.read?.offset ?? 0)) return open;
  return { ...open, read: { offset, unread, countedTo: Math.max(offset, open.room.offset) } };
}

/** From the end: what is behind the position is there, and seldom much. */
function messagesBehind(room: Room, offset: number, me: UserId | undefined): number {
  let count = 0;
  for (let place = room.lines.length - 1; place >= 0 && count < UNREAD_MAX; place -= 1) {
    const line = room.lines[place];
    if (line === undefined || 'notice' in line) continue;
    if ('erased' in line) {
      if (line.erased.offset <= offset) break;
    } else {
      if (line.message.offset <= offset) break;
      if (line.message.user.id !== me) count += 1;
    }
  }
  return count;
}
