// Lists of rooms as people look through them. Pure.

import { t } from '../i18n';
import { compareNames } from '../i18n/format';
import type { Changed, MyRoom, RoomInfo, RoomName, UserId, UserName } from '../protocol/generated';
import { roomKind } from '../protocol/limits';
import type { Rooms } from './rooms';

/** Those with all words of `text` in their title, name or topic, whatever the case. */
export function matching(rooms: readonly RoomInfo[], text: string): readonly RoomInfo[] {
  const words = text.toLocaleLowerCase().split(/\s+/u);
  return rooms.filter(({ room, title, topic }) => {
    const told = `${title} ${room} ${topic}`.toLocaleLowerCase();
    return words.every((word) => told.includes(word));
  });
}

/** Those with something unread first, then by title. The one that is `shown` stays in its place while one reads. */
export function sorted(rooms: readonly MyRoom[], shown?: RoomName): readonly MyRoom[] {
  const isNew = ({ info, unread }: MyRoom): number => Number(unread > 0 && info.room !== shown);
  return rooms.toSorted(
    (a, b) =>
      isNew(b) - isNew(a) || compareNames(a.info.title, b.info.title) || (a.info.room < b.info.room ? -1 : 1),
  );
}

/** What a room is called whose title is not known; an address that nobody made up is for machines only. */
export function titleOf(room: RoomName): string {
  switch (roomKind(room)) {
    case 'public':
      return room;
    case 'private':
      return t.rooms.privateRoom;
    case 'direct':
      return t.rooms.directTalk;
  }
}

/** With the title and the topic that a room has now. */
export function withSettings(mine: readonly MyRoom[], { room, title, topic }: Changed): readonly MyRoom[] {
  const settings = { ...(title === undefined ? {} : { title }), ...(topic === undefined ? {} : { topic }) };
  return mine.map((each) =>
    each.info.room === room ? { ...each, info: { ...each.info, ...settings } } : each,
  );
}

/** A direct room is called as the one with whom one talks there. */
export function withPartner(each: MyRoom, rooms: Rooms, user: UserId, name: UserName): MyRoom {
  const { info } = each;
  const isPartner = info.kind === 'direct' && rooms.get(info.room)?.presence.members.has(user) === true;
  return isPartner ? { ...each, info: { ...info, title: name } } : each;
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
