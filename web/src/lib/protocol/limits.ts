// The server's rules for names, rooms and texts, kept here so that nobody has to be told off. The server
// checks again; protocol/src/names.rs has the rules.

import { t } from '../i18n';
import { NAME_CHARS, ROOM_CHARS, TEXT_CHARS, type RoomKind, type RoomName } from './generated';

export interface SessionLimits {
  readonly nameChars: number;
  readonly textChars: number;
  /** How many rooms a session may be in. */
  readonly rooms: number;
}

/** Until the server told its own in `welcome`. */
export const DEFAULT_LIMITS: SessionLimits = { nameChars: NAME_CHARS, textChars: TEXT_CHARS, rooms: 1 };

/** The composer counts aloud in the last tenth. */
const COUNTED_PART = 0.1;

// Control characters, and those that turn the direction of the text around them.
const FORBIDDEN_IN_NAMES = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const FORBIDDEN_IN_NAMES_EACH = new RegExp(FORBIDDEN_IN_NAMES, 'gu');

const ROOM = /^[\p{Alphabetic}\p{N}\-_.]+$/u;
const UNLISTED_ROOM = /^~[pd][0-9a-f]{32}$/;

/** Characters as the server counts them: Unicode scalar values, not UTF-16 units. */
export function countChars(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** What is wrong with a name, in words; `undefined` for a good one. */
export function nameProblem(name: string, limit: number): string | undefined {
  const chars = countChars(name.trim());
  if (chars === 0) return t.people.nameEmpty;
  if (chars > limit) return t.people.nameTooLong(limit, chars);
  if (FORBIDDEN_IN_NAMES.test(name.trim())) return t.people.nameControl;
  return undefined;
}

/** The nearest good name, or `undefined` when nothing is left. */
export function nameFrom(text: string, limit: number): string | undefined {
  const clean = text.replace(FORBIDDEN_IN_NAMES_EACH, '').trim();
  const name = Array.from(clean).slice(0, limit).join('').trim();
  return name === '' ? undefined : name;
}

/** Whether this can be the address of a room, of any kind. */
export function isRoomName(name: string): boolean {
  return UNLISTED_ROOM.test(name) || (countChars(name) <= ROOM_CHARS && ROOM.test(name));
}

/** `~p` and `~d` with 32 hex digits are private and direct rooms; what people name themselves is public. */
export function roomKind(name: RoomName): RoomKind {
  if (!UNLISTED_ROOM.test(name)) return 'public';
  return name.startsWith('~p') ? 'private' : 'direct';
}

export interface TextCheck {
  readonly sendable: boolean;
  /** How many characters are left, negative when there are too many; told only near the limit. */
  readonly left: number | undefined;
}

/**
 * Whether a text can be sent.
 *
 * With a limit of 10: `checkText('hello', 10)` is `{ sendable: true, left: undefined }`, nine characters have
 * `left: 1`, and eleven `{ sendable: false, left: -1 }`.
 */
export function checkText(text: string, limit: number): TextCheck {
  const left = limit - countChars(text);
  return {
    sendable: left >= 0 && text.trim() !== '',
    left: left <= limit * COUNTED_PART ? left : undefined,
  };
}
