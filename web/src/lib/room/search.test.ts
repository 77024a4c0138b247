import { expect, test } from 'vitest';

import type { Line } from './lines';
import { found } from './search';

function line(id: string, text: string): Line {
  const user = { id: 'ada', name: 'Ada' };
  const message = { room: 'lobby', offset: 1, id, user, text, time: '2026-01-31T08:05:09.042Z' };
  return { key: id, message };
}

test('only messages are found, in their order, and what is typed is no pattern', () => {
  const notice: Line = { key: 'n', notice: { kind: 'renamed', text: 'one (1)', at: 0 } };
  const lines = [notice, line('a', 'One (1)'), line('b', 'two'), line('c', 'ONE (1) again')];
  expect(found(lines, 'one (1)')).toEqual(['a', 'c']);
  expect(found(lines, '.')).toEqual([]);
  expect(found(lines, '')).toEqual([]);
});
