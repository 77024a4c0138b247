// Times as people read them, in this machine's zone and language.

const DAY_MS = 24 * 60 * 60_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const longDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** Hours and minutes. */
export function clockTime(time: Date): string {
  return clock.format(time);
}

/** Day and time to the second, for whoever points at a time. */
export function fullTime(time: Date): string {
  return full.format(time);
}

/** "Today", "Yesterday", or the day, with its year when it is another. */
export function dayName(day: Date, now: Date): string {
  if (day.toDateString() === now.toDateString()) return 'Today';
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  // The day before may have had 23 or 25 hours: its noon is a day before this noon all the same.
  const yesterday = new Date(midnight + DAY_MS / 2 - DAY_MS);
  if (day.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return (day.getFullYear() === now.getFullYear() ? weekday : longDay).format(day);
}
