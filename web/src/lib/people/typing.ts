// Who types. Pure: whoever asks says what time it is.

import type { User, UserId, UserName } from '../protocol/generated';

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

/** A long name would leave no room on a phone for what its owner does. */
const NAME_SHOWN = 20;

function short(name: UserName): string {
  const chars = Array.from(name);
  return chars.length <= NAME_SHOWN
    ? name
    : `${chars
        .slice(0, NAME_SHOWN - 1)
        .join('')
        .trim()}…`;
}

/** "Ada is typing", "Ada and Grace are typing", "Several people are typing"; empty when nobody does. */
export function typingWords(typing: Typing): string {
  const names = [...typing.values()].map(({ user }) => short(user.name));
  if (names.length > 2) return 'Several people are typing…';
  if (names.length === 0) return '';
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing…`;
}
