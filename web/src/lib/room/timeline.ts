// Lines as people read them: days apart, and what one person said in a row together. One row a message, so that
// only what is seen needs to be in the page. Pure.

import type { Erased, Message, UserId } from '../protocol/generated';
import type { Line, Notice } from './lines';

/** What follows the one before within five minutes belongs to it. */
export const GROUP_MS = 5 * 60_000;

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: Date }
  /** What is below is new. */
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'erased'; readonly key: string; readonly erased: Erased }
  | { readonly kind: 'notice'; readonly key: string; readonly notice: Notice }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly message: Message;
      /** Whether it does not belong to the row before: says whose it is. */
      readonly first: boolean;
    };

/**
 * In the order of `lines`. What is not `complete` begins with the second line: how the first one looks depends on what
 * was before it, and nothing that is seen is to change when that comes. Days are those of this machine's time zone. The first message of others behind the offset
 * `newFrom` is marked as new, unless `newFrom` is `undefined`.
 */
export function timeline(lines: readonly Line[], complete: boolean, newFrom?: number, me?: UserId): Row[] {
  const rows: Row[] = [];
  let day = NO_DAY;
  /** The message of the row before, if that is one. */
  let before: Message | undefined;
  let marked = newFrom === undefined;
  const hidden = complete || lines.length === 1 ? undefined : lines[0];
  let rowsHidden = 0;
  for (const line of lines) {
    if (line === lines[1] && hidden !== undefined) rowsHidden = rows.length;
    if ('notice' in line) {
      rows.push({ kind: 'notice', key: line.key, notice: line.notice });
      before = undefined;
      continue;
    }
    const said = 'message' in line ? line.message : line.erased;
    const { key } = line;
    const at = Date.parse(said.time);
    if (at < day.begins || at >= day.ends) {
      day = dayOf(at);
      rows.push({ kind: 'day', key: `day-${key}`, time: new Date(at) });
      before = undefined;
    }
    if (!marked && line !== hidden && said.offset > (newFrom ?? 0) && said.user.id !== me) {
      marked = true;
      rows.push({ kind: 'new', key: 'new' });
      before = undefined;
    }
    if ('erased' in line) {
      rows.push({ kind: 'erased', key, erased: line.erased });
      before = undefined;
    } else {
      const { message } = line;
      const first = before === undefined || !belongs(message, before);
      rows.push({ kind: 'message', key, message, first });
      before = message;
    }
  }
  return rows.slice(rowsHidden);
}

/** From its first millisecond to the first one of the next, since 1970: to be asked often, so no calendar. */
interface Day {
  readonly begins: number;
  readonly ends: number;
}

const NO_DAY: Day = { begins: Infinity, ends: -Infinity };

function dayOf(time: number): Day {
  const date = new Date(time);
  const midnight = (days: number): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  return { begins: midnight(0), ends: midnight(1) };
}

function belongs(message: Message, before: Message): boolean {
  return (
    message.user.id === before.user.id &&
    message.user.name === before.user.name &&
    Date.parse(message.time) - Date.parse(before.time) <= GROUP_MS
  );
}
