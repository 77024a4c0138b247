// The days of a conversation as people call them, in this machine's zone.

import { t } from '../i18n';
import { dayOfEver, dayOfYear } from '../i18n/format';

const DAY_MS = 24 * 60 * 60_000;

/** "Today", "Yesterday", or the day, with its year when it is another. */
export function dayName(day: Date, now: Date): string {
  if (day.toDateString() === now.toDateString()) return t.conversation.today;
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  // The day before may have had 23 or 25 hours: its noon is a day before this noon all the same.
  const yesterday = new Date(midnight + DAY_MS / 2 - DAY_MS);
  if (day.toDateString() === yesterday.toDateString()) return t.conversation.yesterday;
  return day.getFullYear() === now.getFullYear() ? dayOfYear(day) : dayOfEver(day);
}
