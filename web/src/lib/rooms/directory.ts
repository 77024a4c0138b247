// Lists of rooms as people look through them. Pure.

import { t } from '../i18n';
import { compareNames } from '../i18n/format';
import type { MyRoom, RoomInfo, RoomName } from '../protocol/generated';
import { roomKind } from '../protocol/limits';

/** Those with all words of `text` in their title, name or topic, whatever the case. */
export function matching(rooms: readonly RoomInfo[], text: string): readonly RoomInfo[] {
  const words = text.toLocaleLowerCase().split(/\s+/u);
  return rooms.filter(({ room, title, topic }) => {
    const told = `${title} ${room} ${topic}`.toLocaleLowerCase();
    return words.every((word) => told.includes(word));
  });
}

/** Those with something unread first, then by title. */
export function sorted(rooms: readonly MyRoom[]): readonly MyRoom[] {
  return rooms.toSorted(
    (a, b) =>
      Number(b.unread > 0) - Number(a.unread > 0) ||
      compareNames(a.info.title, b.info.title) ||
      (a.info.room < b.info.room ? -1 : 1),
  );
}

/** What a room is shown as; the address of one that nobody named is for machines only. */
export function titleOf(room: RoomName, mine: readonly MyRoom[]): string {
  const known = mine.find(({ info }) => info.room === room)?.info.title;
  if (known !== undefined) return known;
  switch (roomKind(room)) {
    case 'public':
      return room;
    case 'private':
      return t.rooms.privateRoom;
    case 'direct':
      return t.rooms.directTalk;
  }
}

const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The id in somebody's link, or by itself; `undefined` when there is none. */
export function userIdIn(text: string): string | undefined {
  return GUID.exec(text)?.[0].toLowerCase();
}

/** By which others can invite: the page's own address, and who is meant. */
export function linkOf(user: string, page: string): string {
  const address = new URL('/', page);
  address.searchParams.set('user', user);
  return address.href;
}
