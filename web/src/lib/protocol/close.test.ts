import { expect, test } from 'vitest';

import { closeReason, mayReturn } from './close';
import { CLOSE_CODES } from './generated';

test('every code of the server has words of its own', () => {
  const reasons = Object.values(CLOSE_CODES).map((code) => closeReason(code, 'told by the server'));
  expect(new Set(reasons).size).toBe(reasons.length);
  expect(reasons).not.toContain('told by the server');
});

test('a code that nobody knows is told by its reason, or by its number', () => {
  expect(closeReason(4042, 'too warm here')).toBe('too warm here');
  expect(closeReason(4042, '')).toBe('code 4042');
});

test.each([
  [1006, true],
  [4000, true],
  [4099, true],
  [4100, false],
  [4102, false],
  [4199, false],
  [4200, true],
])('after %i the page returns: %s', (code, expected) => {
  expect(mayReturn(code)).toBe(expected);
});
