import { expect, test } from 'vitest';

import { connectionAnnouncement, connectionWords } from './words';

const waiting = { kind: 'waiting', retryAt: 10_000, reason: 'the connection broke' } as const;

test.each([
  [7_000, 'Reconnecting in 3 s'],
  [7_001, 'Reconnecting in 3 s'],
  [9_999, 'Reconnecting in 1 s'],
  [10_000, 'Reconnecting…'],
])('at %i a wait until 10000 reads %j', (now, words) => {
  expect(connectionWords(waiting, now)).toBe(words);
});

test('a move is not told as a failure', () => {
  expect(connectionWords({ kind: 'connecting', moving: true }, 0)).toBe('Moving to another server…');
});

test('the ear hears the reason, and no countdown', () => {
  expect(connectionAnnouncement(waiting)).toBe('Disconnected: the connection broke. Reconnecting soon.');
  expect(connectionAnnouncement({ kind: 'connecting', moving: false })).toBe('');
});
