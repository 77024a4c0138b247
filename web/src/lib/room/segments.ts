// A text in the pieces that are shown in a way of their own: addresses, names of those who are mentioned, and what
// is searched for. The pieces make up the text again; it is never taken for HTML. Pure.

import type { Message, User, UserId } from '../protocol/generated';
import { withLinks } from './links';

export interface Segment {
  readonly text: string;
  /** Where a click leads: always http or https. */
  readonly href?: string;
  /** Names somebody whom the message mentions; `own` is who reads. */
  readonly mention?: 'own' | 'other';
  /** Is what one searches for. */
  readonly hit?: boolean;
}

/** Those whom a message mentions, as far as their names are known. */
export function mentioned(message: Message, known: ReadonlyMap<UserId, User>): User[] {
  return (message.mentions ?? []).flatMap((id) => known.get(id) ?? []);
}

/** `query` is looked for whatever its case; an empty one is nowhere. */
export function segments(
  text: string,
  people: readonly User[],
  me: UserId | undefined,
  query: string,
): Segment[] {
  const withMentions = withLinks(text).flatMap((segment): Segment[] =>
    segment.href === undefined ? mentionsIn(segment.text, people, me) : [segment],
  );
  return query === '' ? withMentions : withMentions.flatMap((segment) => hitsIn(segment, query));
}

function mentionsIn(text: string, people: readonly User[], me: UserId | undefined): Segment[] {
  if (people.length === 0) return [{ text }];
  // The longest first: "@Ada Lovelace" is not "@Ada".
  const names = [...people].sort((a, b) => b.name.length - a.name.length);
  const pattern = new RegExp(names.map(({ name }) => `@${escaped(name)}`).join('|'), 'giu');
  return split(text, pattern, (found): Segment => {
    const who = names.find(({ name }) => name.toLowerCase() === found.slice(1).toLowerCase());
    return { text: found, mention: who?.id === me ? 'own' : 'other' };
  });
}

function hitsIn(segment: Segment, query: string): Segment[] {
  const pattern = new RegExp(escaped(query), 'giu');
  return split(segment.text, pattern, (text) => ({ ...segment, text, hit: true })).map((piece) => ({
    ...segment,
    ...piece,
  }));
}

function split(text: string, pattern: RegExp, found: (match: string) => Segment): Segment[] {
  const pieces: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push(found(match[0]));
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Finds a query whatever its case. */
export function looksFor(query: string): RegExp {
  return new RegExp(escaped(query), 'iu');
}
