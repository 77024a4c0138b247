// The lines of a room, and what the events of its stream make of them. Pure.

import { t } from '../i18n';
import type {
  Changed,
  Deleted,
  Edited,
  Epoch,
  Erased,
  MemberChanged,
  Message,
  MessageId,
  Reacted,
  Reaction,
  StreamEvent,
  UserId,
} from '../protocol/generated';

export type NoticeKind =
  /** A session closed. */
  | 'closed'
  /** It is back. */
  | 'back'
  /** Someone has another name. */
  | 'renamed'
  /** The room or its members are others. */
  | 'changed'
  /** Messages are missing. */
  | 'loss';

export interface Notice {
  readonly kind: NoticeKind;
  readonly text: string;
  /** Milliseconds since 1970; by this machine's clock, unless the room's stream told it. */
  readonly at: number;
}

export type Line =
  | { readonly key: string; readonly message: Message }
  /** Stands where a message was that is deleted. */
  | { readonly key: string; readonly erased: Erased }
  | { readonly key: string; readonly notice: Notice };

export interface Applied {
  readonly lines: readonly Line[];
  /** The offset of the last change of a message that is not among the lines; 0 without one. */
  readonly unmatched: number;
}

/**
 * Lines with what these events add to them and change in them. A message that is there already stays as it is: one
 * that was stored again in another epoch is still the same. A change that a message has in it already, by its
 * `amended`, changes nothing.
 */
export function applied(lines: readonly Line[], events: readonly StreamEvent[], epoch: Epoch): Applied {
  const next = [...lines];
  const placeOf = places(next, events.length);
  let unmatched = 0;
  const add = (line: Line): void => {
    if (placeOf.get(line.key) !== undefined) return;
    placeOf.set(line.key, next.length);
    next.push(line);
  };
  const amend = (event: Edited | Deleted | Reacted, change: (message: Message) => Line): void => {
    const place = placeOf.get(event.id);
    const line = place === undefined ? undefined : next[place];
    if (place === undefined || line === undefined) unmatched = event.offset;
    else if ('message' in line && event.offset > (line.message.amended ?? 0)) {
      next[place] = change(line.message);
    }
  };
  for (const event of events) {
    switch (event.type) {
      case 'message': {
        const { type: _, ...message } = event;
        add({ key: message.id, message });
        break;
      }
      case 'erased': {
        const { type: _, ...erased } = event;
        add({ key: erased.id, erased });
        break;
      }
      case 'edited':
        amend(event, (message) => ({ key: message.id, message: edited(message, event) }));
        break;
      case 'reacted':
        amend(event, (message) => ({ key: message.id, message: reacted(message, event) }));
        break;
      case 'deleted':
        amend(event, ({ room, offset, id, user, time }) => ({
          key: id,
          erased: { room, offset, id, user, time, amended: event.offset },
        }));
        break;
      case 'changed':
        add(noticeOf(event, epoch, changedWords(event)));
        break;
      case 'member':
        add(noticeOf(event, epoch, memberWords(event)));
        break;
      case 'seen':
        // No line: see readers.ts.
        break;
    }
  }
  return { lines: next, unmatched };
}

/** Where a key is. A live event comes alone, and there a walk from the end is quicker than a map. */
function places(lines: readonly Line[], events: number) {
  if (events === 1) {
    return {
      get: (key: string): number | undefined => {
        const place = lines.findLastIndex((line) => line.key === key);
        return place === -1 ? undefined : place;
      },
      set: (): void => undefined,
    };
  }
  return new Map(lines.map(({ key }, place) => [key, place]));
}

/** Without a text the edit was superseded: what took its place follows. */
function edited(message: Message, { text, mentions, time, offset }: Edited): Message {
  if (text === undefined) return { ...message, amended: offset };
  const { mentions: _, ...rest } = message;
  return { ...rest, text, edited: time, amended: offset, ...(mentions === undefined ? {} : { mentions }) };
}

function reacted(message: Message, { user, emoji, on, offset }: Reacted): Message {
  return {
    ...message,
    reactions: withReaction(message.reactions ?? [], emoji, user.id, on),
    amended: offset,
  };
}

/** Emojis in the order in which they came; one that nobody has any more is gone. */
export function withReaction(
  reactions: readonly Reaction[],
  emoji: string,
  user: UserId,
  on: boolean,
): Reaction[] {
  const before = reactions.find((each) => each.emoji === emoji);
  const others = (before?.users ?? []).filter((id) => id !== user);
  const users = on ? [...others, user] : others;
  if (before === undefined) return on ? [...reactions, { emoji, users }] : [...reactions];
  return reactions
    .map((each) => (each === before ? { emoji, users } : each))
    .filter((each) => each.users.length > 0);
}

function noticeOf(event: Changed | MemberChanged, epoch: Epoch, text: string): Line {
  const notice: Notice = { kind: 'changed', text, at: Date.parse(event.time) };
  return { key: `event-${epoch}-${event.offset}`, notice };
}

function changedWords({ user, title, topic }: Changed): string {
  const words = [];
  if (title !== undefined) words.push(t.talk.retitled(user.name, title));
  if (topic !== undefined)
    words.push(topic === '' ? t.talk.noTopic(user.name) : t.talk.topic(user.name, topic));
  return words.join(' ');
}

function memberWords({ user, member, change }: MemberChanged): string {
  const words: Partial<Record<string, (by: string, member: string) => string>> = t.talk.member;
  return (words[change] ?? t.talk.otherMember)(user.name, member.name);
}

/** The place of a message or of what stands for it; `undefined` for a notice. */
export function offsetOf(line: Line): number | undefined {
  if ('message' in line) return line.message.offset;
  return 'erased' in line ? line.erased.offset : undefined;
}

/** The ids of all messages that are shown. */
export function shownIds(lines: readonly Line[]): MessageId[] {
  return lines.flatMap((line) => ('message' in line ? [line.message.id] : []));
}
