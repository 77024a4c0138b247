// The calls about rooms and their members.

import { hasShape, isBoolean, isListOf, isNumber, isString, optional, type Check } from '../protocol/checks';
import {
  DIRECT_PATH,
  MY_ROOMS_PATH,
  ROOMS_PATH,
  type CreateRoom,
  type Member,
  type MemberList,
  type MyRoom,
  type MyRooms,
  type Role,
  type RoomChange,
  type RoomInfo,
  type RoomKind,
  type RoomList,
  type RoomName,
  type UserId,
} from '../protocol/generated';
import { isUser, type Calls } from './accounts';
import { isNothing, type Answer } from './http';

/** As the contract has it. A kind or a role that this page does not know is an answer it does not understand. */
const isKind: Check<RoomKind> = (value): value is RoomKind =>
  value === 'public' || value === 'private' || value === 'direct';
const isRole: Check<Role> = (value): value is Role => value === 'owner' || value === 'member';

const isRoomInfo = hasShape<RoomInfo>({
  room: isString,
  kind: isKind,
  title: isString,
  topic: isString,
  role: optional(isRole),
  present: isNumber,
  created: optional(isString),
});

const isRoomList = hasShape<RoomList>({ rooms: isListOf(isRoomInfo), next: optional(isString) });

const isMyRooms = hasShape<MyRooms>({
  rooms: isListOf(
    hasShape<MyRoom>({
      info: isRoomInfo,
      epoch: isString,
      latest: isNumber,
      read: isNumber,
      unread: isNumber,
    }),
  ),
});

const isMemberList = hasShape<MemberList>({
  members: isListOf(hasShape<Member>({ user: isUser, role: isRole, present: isBoolean })),
});

function pathOf(room: RoomName): string {
  return `${ROOMS_PATH}/${encodeURIComponent(room)}`;
}

function memberPath(room: RoomName, user: UserId): string {
  return `${pathOf(room)}/members/${encodeURIComponent(user)}`;
}

export class RoomsApi {
  constructor(private readonly calls: Calls) {}

  mine(): Promise<Answer<MyRooms>> {
    return this.calls({ method: 'GET', path: MY_ROOMS_PATH, answer: isMyRooms });
  }

  /** Takes a room off one's list; a private one is left for good. */
  leave(room: RoomName): Promise<Answer<undefined>> {
    return this.calls({
      method: 'DELETE',
      path: `${MY_ROOMS_PATH}/${encodeURIComponent(room)}`,
      answer: isNothing,
    });
  }

  /** A page of the public rooms, those behind `after`. */
  list(after?: RoomName): Promise<Answer<RoomList>> {
    const path = after === undefined ? ROOMS_PATH : `${ROOMS_PATH}?after=${encodeURIComponent(after)}`;
    return this.calls({ method: 'GET', path, answer: isRoomList });
  }

  create(body: CreateRoom): Promise<Answer<RoomInfo>> {
    return this.calls({ method: 'POST', path: ROOMS_PATH, body, answer: isRoomInfo });
  }

  direct(user: UserId): Promise<Answer<RoomInfo>> {
    return this.calls({ method: 'POST', path: DIRECT_PATH, body: { user }, answer: isRoomInfo });
  }

  info(room: RoomName): Promise<Answer<RoomInfo>> {
    return this.calls({ method: 'GET', path: pathOf(room), answer: isRoomInfo });
  }

  change(room: RoomName, body: RoomChange): Promise<Answer<RoomInfo>> {
    return this.calls({ method: 'PATCH', path: pathOf(room), body, answer: isRoomInfo });
  }

  delete(room: RoomName): Promise<Answer<undefined>> {
    return this.calls({ method: 'DELETE', path: pathOf(room), answer: isNothing });
  }

  members(room: RoomName): Promise<Answer<MemberList>> {
    return this.calls({ method: 'GET', path: `${pathOf(room)}/members`, answer: isMemberList });
  }

  /** Invites somebody, or gives a member another role. */
  setMember(room: RoomName, user: UserId, role: Role): Promise<Answer<undefined>> {
    return this.calls({ method: 'PUT', path: memberPath(room, user), body: { role }, answer: isNothing });
  }

  removeMember(room: RoomName, user: UserId): Promise<Answer<undefined>> {
    return this.calls({ method: 'DELETE', path: memberPath(room, user), answer: isNothing });
  }
}
