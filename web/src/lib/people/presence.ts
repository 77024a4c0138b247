// Who is in the room. Pure.

import { compareNames } from '../i18n/format';
import type { Frame } from '../protocol/frames';
import type { User, UserId, UserName } from '../protocol/generated';

export interface Presence {
  readonly members: ReadonlyMap<UserId, User>;
  /** All that are there; a large room lists only some of them. */
  readonly count: number;
}

export const NOBODY: Presence = { members: new Map(), count: 0 };

export function fromJoined(joined: Frame<'joined'>): Presence {
  return { members: new Map(joined.members.map((user) => [user.id, user])), count: joined.count };
}

/** Someone who is told to come twice is there once; someone unknown who goes changes only the count. */
export function withPresence(presence: Presence, { joined, left, count }: Frame<'presence'>): Presence {
  const members = new Map(presence.members);
  for (const id of left) members.delete(id);
  for (const user of joined) members.set(user.id, user);
  return { members, count };
}

export function withName(presence: Presence, id: UserId, name: UserName): Presence {
  if (!presence.members.has(id)) return presence;
  return { ...presence, members: new Map(presence.members).set(id, { id, name }) };
}

export interface PeopleList {
  /** Oneself first, then by name as people sort them. */
  readonly people: readonly User[];
  /** How many more are there, unlisted. */
  readonly unlisted: number;
}

export function peopleList(presence: Presence, self: UserId | undefined): PeopleList {
  const people = [...presence.members.values()].sort(
    (a, b) =>
      Number(b.id === self) - Number(a.id === self) || compareNames(a.name, b.name) || (a.id < b.id ? -1 : 1),
  );
  return { people, unlisted: Math.max(0, presence.count - people.length) };
}
