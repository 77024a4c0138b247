// Who types. Pure: whoever asks says what time it is.

import { t } from '../i18n';
import { enumeration } from '../i18n/format';
import type { User, UserId } from '../protocol/generated';

/** While someone types, the others are told this often. */
export const TYPING_EVERY_MS = 3_000;
/** Without another word of it, someone has stopped: one lost frame is forgiven. */
export const TYPING_TTL_MS = 2 * TYPING_EVERY_MS;

interface Typist {
  readonly user: User;
  readonly until: number;
}

export type Typing = ReadonlyMap<UserId, Typist>;

export const NOBODY_TYPES: Typing = new Map();

export function withTypist(typing: Typing, user: User, now: number): Typing {
  return new Map(typing).set(user.id, { user, until: now + TYPING_TTL_MS });
}

/** They sent what they typed, or left. */
export function withoutTypists(typing: Typing, ids: readonly UserId[]): Typing {
  return ids.some((id) => typing.has(id)) ? new Map([...typing].filter(([id]) => !ids.includes(id))) : typing;
}

export function stillTyping(typing: Typing, now: number): Typing {
  return withoutTypists(
    typing,
    [...typing].filter(([, { until }]) => until <= now).map(([id]) => id),
  );
}

/** When the first of them has stopped, if nothing else is heard. */
export function nextStop(typing: Typing): number | undefined {
  return typing.size === 0 ? undefined : Math.min(...[...typing.values()].map(({ until }) => until));
}

export interface TypingWords {
  readonly who: string;
  readonly does: string;
}

/** "Ada", "is typing…"; "Ada and Grace", "are typing…"; several are not named. Empty when nobody does. */
export function typingWords(typing: Typing): TypingWords {
  const names = [...typing.values()].map(({ user }) => user.name);
  if (names.length === 0) return { who: '', does: '' };
  if (names.length > 2) return { who: t.conversation.several, does: t.conversation.areTyping };
  const does = names.length === 1 ? t.conversation.isTyping : t.conversation.areTyping;
  return { who: enumeration(names), does };
}
