import { expect, test } from 'vitest';

import { clockTime, duration, enumeration } from './format';

test('a time of day has hours and minutes', () => {
  expect(clockTime(new Date('2026-03-04T08:05:09'))).toMatch(/^0?8:05/);
});

test('names are enumerated', () => {
  expect(enumeration(['Ada', 'Grace'])).toBe('Ada and Grace');
});

test.each([
  [1, '1 second'],
  [1_001, '2 seconds'],
  [90_000, '90 seconds'],
  [125_000, '3 minutes'],
  [3 * 3_600_000, '3 hours'],
  [10 * 86_400_000, '10 days'],
])('%i ms are %s', (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words);
});
