// Who has read up to where in a room of a few, as the events of its stream tell it. Pure.

import type { MessageId, StreamEvent, User, UserId } from '../protocol/generated';
import type { Line } from './lines';

export interface Reader {
  /** With the name of the moment when they read. */
  readonly user: User;
  /** The offset of the last message of somebody else that they have read. */
  readonly of: number;
}

export type Readers = ReadonlyMap<UserId, Reader>;

export const NO_READERS: Readers = new Map();

/** With what these events tell, in whatever order they come: nobody has ever read less than before. */
export function withReaders(readers: Readers, events: readonly StreamEvent[]): Readers {
  let next: Map<UserId, Reader> | undefined;
  for (const event of events) {
    if (event.type !== 'seen') continue;
    const { user, of } = event;
    if (of <= ((next ?? readers).get(user.id)?.of ?? 0)) continue;
    next ??= new Map(readers);
    next.set(user.id, { user, of });
  }
  return next ?? readers;
}

export type SeenMarks = ReadonlyMap<MessageId, readonly User[]>;

/**
 * The own messages that are marked as seen, each with everybody who has seen it: for each reader the last one that
 * they have, for what is before it they have seen too. When Grace has read 3 and Bob 7, and 2, 3, 6 and 9 are
 * one's own, then 6 is marked with Bob, and 3 with Bob and Grace.
 */
export function seenMarks(lines: readonly Line[], readers: Readers, me: UserId | undefined): SeenMarks {
  const marks = new Map<MessageId, readonly User[]>();
  const others = [...readers.values()].filter(({ user }) => user.id !== me).sort((a, b) => b.of - a.of);
  let reached = 0;
  for (let place = lines.length - 1; place >= 0 && reached < others.length; place -= 1) {
    const line = lines[place];
    if (line === undefined || !('message' in line) || line.message.user.id !== me) continue;
    const { id, offset } = line.message;
    const before = reached;
    while ((others[reached]?.of ?? 0) >= offset) reached += 1;
    if (reached > before)
      marks.set(
        id,
        others.slice(0, reached).map(({ user }) => user),
      );
  }
  return marks;
}
