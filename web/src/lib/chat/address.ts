// The room in the page's address: `/#room` or `/?room=room`.

import { t } from '../i18n';
import { ROOM_CHARS, type RoomName } from '../protocol/generated';
import { isRoomName } from '../protocol/limits';

export interface RoomInAddress {
  /** `undefined` when the address names none, or none that can be. */
  readonly room: RoomName | undefined;
  /** What is wrong with the one that it names. */
  readonly problem?: string;
}

/** The part behind `#` wins, since it is what the page itself changes. */
export function roomInAddress(address: string): RoomInAddress {
  const url = new URL(address);
  const named = decoded(url.hash.slice(1)) || (url.searchParams.get('room') ?? '');
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
