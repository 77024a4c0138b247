import { expect, test } from 'vitest';

import type { Line } from './lines';
import { timeline } from './timeline';

let offset = 0;

function line(time: string, user = 'ada', name = user): Line {
  offset += 1;
  const id = `m${offset}`;
  // No zone: local time, so that days are the same wherever the test runs.
  const iso = new Date(time).toISOString();
  return { key: id, message: { room: 'lobby', offset, id, user: { id: user, name }, text: id, time: iso } };
}

/** Rows in words: a message says whose it is unless it belongs to the one before. */
function shape(lines: Line[]): string[] {
  return timeline(lines).map((row) => {
    if (row.kind !== 'message') return row.kind;
    return row.first ? row.message.user.name : '+';
  });
}

test('what one says in a row is one group', () => {
  const lines = [line('2026-01-31T08:00'), line('2026-01-31T08:04'), line('2026-01-31T08:05', 'grace')];
  expect(shape(lines)).toEqual(['day', 'ada', '+', 'grace']);
});

test('five minutes of silence begin another group, counted from the last message', () => {
  const lines = [line('2026-01-31T08:00'), line('2026-01-31T08:05'), line('2026-01-31T08:10:01')];
  expect(shape(lines)).toEqual(['day', 'ada', '+', 'ada']);
});

test('midnight begins another day', () => {
  expect(shape([line('2026-01-31T23:59'), line('2026-02-01T00:00')])).toEqual(['day', 'ada', 'day', 'ada']);
});

test('another name begins another group', () => {
  expect(shape([line('2026-01-31T08:00'), line('2026-01-31T08:01', 'ada', 'Countess')])).toEqual([
    'day',
    'ada',
    'Countess',
  ]);
});

test('a notice stands between the groups', () => {
  const notice: Line = { key: 'n', notice: { kind: 'closed', text: 'closed', at: 0 } };
  expect(shape([line('2026-01-31T08:00'), notice, line('2026-01-31T08:01')])).toEqual([
    'day',
    'ada',
    'notice',
    'ada',
  ]);
});

test('every row has a key of its own', () => {
  const items = timeline([line('2026-01-31T23:59'), line('2026-02-01T00:00'), line('2026-02-01T00:09')]);
  expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
});
