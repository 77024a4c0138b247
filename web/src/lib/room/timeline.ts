// Lines as people read them: days apart, and what one person said in a row together. Pure.

import type { Message, User } from '../protocol/generated';
import type { Line, Notice } from './room';

/** What follows the one before within five minutes belongs to it. */
export const GROUP_MS = 5 * 60_000;

export interface MessageGroup {
  readonly kind: 'group';
  readonly key: string;
  readonly user: User;
  readonly messages: readonly Message[];
}

export type TimelineItem =
  | { readonly kind: 'day'; readonly key: string; readonly time: Date }
  | { readonly kind: 'notice'; readonly key: string; readonly notice: Notice }
  | MessageGroup;

/** In the order of `lines`. Days are those of this machine's time zone. */
export function timeline(lines: readonly Line[]): TimelineItem[] {
  const items: TimelineItem[] = [];
  let day: string | undefined;
  for (const line of lines) {
    if ('notice' in line) {
      items.push({ kind: 'notice', key: line.key, notice: line.notice });
      continue;
    }
    const { key, message } = line;
    const time = new Date(message.time);
    if (time.toDateString() !== day) {
      day = time.toDateString();
      items.push({ kind: 'day', key: `day-${key}`, time });
    }
    const last = items.at(-1);
    if (last?.kind === 'group' && belongs(message, last)) {
      items[items.length - 1] = { ...last, messages: [...last.messages, message] };
    } else {
      items.push({ kind: 'group', key, user: message.user, messages: [message] });
    }
  }
  return items;
}

function belongs(message: Message, group: MessageGroup): boolean {
  const last = group.messages.at(-1);
  return (
    last !== undefined &&
    message.user.id === group.user.id &&
    message.user.name === group.user.name &&
    Date.parse(message.time) - Date.parse(last.time) <= GROUP_MS
  );
}
