import { expect, test } from 'vitest';

import type { Frame } from '../protocol/frames';
import type { Message } from '../protocol/generated';
import { applied, withReaction, type Line } from './lines';

const ADA = { id: 'ada', name: 'Ada' };
const GRACE = { id: 'grace', name: 'Grace' };
const TIME = '2026-01-31T08:05:09.042Z';
const LATER = '2026-01-31T08:06:00.000Z';

function message(offset: number, rest: Partial<Message> = {}): Frame<'message'> {
  const plain = { room: 'lobby', offset, id: `m${offset}`, user: ADA, text: `text ${offset}`, time: TIME };
  return { type: 'message', ...plain, ...rest };
}

/** Of the message at `of`, told at `offset`. */
function event(offset: number, of: number) {
  return { room: 'lobby', offset, of, id: `m${of}`, user: ADA, time: LATER };
}

function only(lines: readonly Line[]): Message {
  const [line] = lines;
  if (lines.length !== 1 || line === undefined || !('message' in line)) throw new Error('not one message');
  return line.message;
}

test('an edit gives a message another text, and says when', () => {
  const edit: Frame<'edited'> = { type: 'edited', ...event(2, 1), text: 'better', mentions: ['grace'] };
  const { lines } = applied([], [message(1, { mentions: ['ada'] }), edit], 'e1');
  const changed = { text: 'better', edited: LATER, amended: 2, mentions: ['grace'], offset: 1, time: TIME };
  expect(only(lines)).toMatchObject(changed);
});

test('a live event does the same as one of a page', () => {
  const before = applied([], [message(1)], 'e1').lines;
  const { lines } = applied(before, [{ type: 'edited', ...event(2, 1), text: 'better' }], 'e1');
  expect(only(lines).text).toBe('better');
});

test('an edit that was superseded has no text, and changes none', () => {
  const { lines } = applied([], [message(1), { type: 'edited', ...event(2, 1) }], 'e1');
  expect(only(lines)).toMatchObject({ text: 'text 1', amended: 2 });
});

test('what a message has in it already changes nothing', () => {
  const present = message(1, { text: 'now', amended: 5 });
  const { lines, unmatched } = applied([], [present, { type: 'edited', ...event(4, 1), text: 'then' }], 'e1');
  expect(only(lines).text).toBe('now');
  expect(unmatched).toBe(0);
});

test('a deleted message leaves word of itself, and nothing of its text', () => {
  const { lines } = applied([], [message(1), { type: 'deleted', ...event(2, 1) }], 'e1');
  const erased = { room: 'lobby', offset: 1, id: 'm1', user: ADA, time: TIME, amended: 2 };
  expect(lines).toEqual([{ key: 'm1', erased }]);
  const { type, ...same } = { type: 'erased', ...erased } as const;
  expect(applied([], [{ type, ...same }], 'e1').lines).toEqual(lines);
});

test('a change of a message that is not here is remembered by its offset', () => {
  expect(applied([], [{ type: 'deleted', ...event(9, 1) }], 'e1')).toEqual({ lines: [], unmatched: 9 });
});

test('who reacts is listed once, in order, and an emoji of nobody is gone', () => {
  const one = withReaction([], '👍', 'ada', true);
  const two = withReaction(withReaction(one, '👍', 'grace', true), '👍', 'ada', true);
  expect(two).toEqual([{ emoji: '👍', users: ['grace', 'ada'] }]);
  expect(withReaction(one, '👍', 'ada', false)).toEqual([]);
  expect(withReaction(one, '🎉', 'ada', false)).toEqual(one);
  const react = { type: 'reacted', ...event(2, 1), user: GRACE, emoji: '🎉', on: true } as const;
  expect(only(applied([], [message(1), react], 'e1').lines).reactions).toEqual([
    { emoji: '🎉', users: ['grace'] },
  ]);
});

test('what happens to the room and its members is told in words', () => {
  const about = { room: 'lobby', user: ADA, time: TIME };
  const { lines } = applied(
    [],
    [
      { type: 'changed', offset: 1, title: 'Tea', ...about },
      { type: 'changed', offset: 2, topic: 'Which one?', ...about },
      { type: 'changed', offset: 3, topic: '', ...about },
      { type: 'member', offset: 4, member: GRACE, change: 'invited', ...about },
    ],
    'e1',
  );
  expect(lines.map((line) => ('notice' in line ? line.notice.text : ''))).toEqual([
    'Ada called the room “Tea”.',
    'Ada set the topic: Which one?',
    'Ada removed the topic.',
    'Ada invited Grace.',
  ]);
});
