import { expect, test } from 'vitest';

import { backoff, BACKOFF_BASE_MS, BACKOFF_CAP_MS } from './backoff';

test('the wait doubles in the middle of its range', () => {
  expect([0, 1, 2, 4, 5, 6].map((attempt) => backoff(attempt, 0.5))).toEqual([
    250, 500, 1000, 4000, 5000, 5000,
  ]);
});

test('the jitter is full: from nothing to the whole range', () => {
  expect(backoff(3, 0)).toBe(0);
  expect(backoff(0, 0.999_999)).toBe(BACKOFF_BASE_MS - 1);
});

test('the wait never exceeds its cap, however often it failed', () => {
  expect(backoff(5_000, 0.999_999)).toBeLessThan(BACKOFF_CAP_MS);
});
