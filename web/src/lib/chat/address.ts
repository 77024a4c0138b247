// Where the page's address leads: to a room by `/#room` or `/?room=room`, to somebody by `/?user=id`.

import { t } from '../i18n';
import { ROOM_CHARS, type RoomName, type UserId } from '../protocol/generated';
import { isRoomName } from '../protocol/limits';
import { userIdIn } from '../rooms/directory';

export interface RoomInAddress {
  /** `undefined` when the address names none, or none that can be. */
  readonly room: RoomName | undefined;
  /** Whom it names instead: one wants to talk to them. */
  readonly user?: UserId;
  /** What is wrong with what it names. */
  readonly problem?: string;
}

/** The part behind `#` wins, since it is what the page itself changes. */
export function roomInAddress(address: string): RoomInAddress {
  const url = new URL(address);
  const named = decoded(url.hash.slice(1)) || (url.searchParams.get('room') ?? '');
  const link = url.searchParams.get('user');
  if (named === '' && link !== null) {
    const user = userIdIn(link);
    return { room: undefined, ...(user === undefined ? { problem: t.errors.noSuchUser } : { user }) };
  }
  if (named === '') return { room: undefined };
  return isRoomName(named) ? { room: named } : { room: undefined, problem: roomProblem(named) };
}

export function roomProblem(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  return t.rooms.badName(shown, ROOM_CHARS);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
