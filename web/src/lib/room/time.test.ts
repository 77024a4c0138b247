import { expect, test } from 'vitest';

import { dayName } from './time';

test.each([
  ['2026-03-04T00:00', 'Today'],
  ['2026-03-03T23:59', 'Yesterday'],
  ['2026-03-03T00:00', 'Yesterday'],
])('on 4 March 2026, %s is %s', (day, name) => {
  expect(dayName(new Date(day), new Date('2026-03-04T12:00'))).toBe(name);
});

test('an older day is named, with its year only when it is another', () => {
  const now = new Date('2026-03-04T12:00');
  expect(dayName(new Date('2026-03-02T12:00'), now)).toMatch(/Monday/);
  expect(dayName(new Date('2026-03-02T12:00'), now)).not.toMatch(/2026/);
  expect(dayName(new Date('2025-03-02T12:00'), now)).toMatch(/2025/);
});
