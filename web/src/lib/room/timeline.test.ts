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
function shape(lines: Line[], complete = true, newFrom?: number): string[] {
  return timeline(lines, complete, newFrom).map((row) => {
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
  const lines = [line('2026-01-31T23:59'), line('2026-02-01T00:00'), line('2026-02-01T00:09')];
  const items = timeline(lines, true);
  expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
});

test('what is seen stays as it is when older lines come before it', () => {
  const older = [line('2026-01-30T08:00'), line('2026-01-31T07:59')];
  const here = [line('2026-01-31T08:00'), line('2026-01-31T08:01'), line('2026-01-31T08:02', 'grace')];
  expect(shape(here, false)).toEqual(['+', 'grace']);
  expect(shape([...older, ...here], false)).toEqual(['day', 'ada', '+', '+', 'grace']);
  expect(shape([...older, ...here], true)).toEqual(['day', 'ada', 'day', 'ada', '+', '+', 'grace']);
  expect(shape(here.slice(0, 1), false)).toEqual(['day', 'ada']);
});

test('the first of the new is marked, also where its beginning is not here', () => {
  const here = [line('2026-01-31T08:00'), line('2026-01-31T08:01'), line('2026-01-31T08:02')];
  const second = offset - 1;
  expect(shape(here, true, second - 1)).toEqual(['day', 'ada', 'new', 'ada', '+']);
  expect(shape(here, false, 0)).toEqual(['new', 'ada', '+']);
});
