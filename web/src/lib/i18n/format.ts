// Dates, spans of time and enumerations as people read them, in this machine's zone and language.

import { spoken } from './language';

const { locale } = spoken;

const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
const short = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const longDay = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
const list = new Intl.ListFormat(locale, { type: 'conjunction' });
const collator = new Intl.Collator(locale, { sensitivity: 'base', numeric: true });

/** Hours and minutes. */
export function clockTime(time: Date): string {
  return clock.format(time);
}

/** Day and time to the second, for whoever points at a time. */
export function fullTime(time: Date): string {
  return full.format(time);
}

/** Day and time to the minute, short enough for a list. */
export function shortTime(time: Date): string {
  return short.format(time);
}

/** Weekday, day and month. */
export function dayOfYear(day: Date): string {
  return weekday.format(day);
}

/** Day, month and year. */
export function dayOfEver(day: Date): string {
  return longDay.format(day);
}

/** "Ada and Grace" */
export function enumeration(names: readonly string[]): string {
  return list.format(names);
}

/** As a dictionary of the page's language sorts, with numbers by their size. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

/** The first units are too small to be said, the last one has no end. */
const UNITS = [
  { unit: 'second', milliseconds: 1_000 },
  { unit: 'minute', milliseconds: 60_000 },
  { unit: 'hour', milliseconds: 3_600_000 },
  { unit: 'day', milliseconds: 86_400_000 },
] as const;

/**
 * A wait in the largest unit that it fills twice, rounded up, so that nobody comes back too early: 90,000 ms is
 * "90 seconds", 125,000 ms "3 minutes".
 */
export function duration(milliseconds: number): string {
  const { unit, milliseconds: each } =
    UNITS.findLast((one) => milliseconds >= 2 * one.milliseconds) ?? UNITS[0];
  const count = Math.max(1, Math.ceil(milliseconds / each));
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
