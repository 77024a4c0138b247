import { describe, expect, test } from 'vitest';

import { NAME_CHARS, ROOM_CHARS } from './generated';
import { checkText, countChars, isRoomName, nameFrom, nameProblem, roomKind } from './limits';

test('an emoji counts as the server counts it', () => {
  expect(countChars('a😀ü')).toBe(3);
});

describe('a name', () => {
  test('of the longest length is good, in any script', () => {
    expect(nameProblem('ü'.repeat(NAME_CHARS), NAME_CHARS)).toBeUndefined();
    expect(nameProblem('  Ada Lovelace ', NAME_CHARS)).toBeUndefined();
  });

  test.each([
    ['', 'at least one'],
    [' \t ', 'at least one'],
    ['x'.repeat(NAME_CHARS + 1), `at most ${NAME_CHARS} characters; this one has ${NAME_CHARS + 1}`],
    ['Ada\nLovelace', 'control'],
    ['evil\u202ename', 'control'],
  ])('%j is refused with what is wrong', (name, words) => {
    expect(nameProblem(name, NAME_CHARS)).toContain(words);
  });

  test('is made of anything that has a character left', () => {
    expect(nameFrom(' Ada\u202e\u0007 ', NAME_CHARS)).toBe('Ada');
    expect(nameFrom('x'.repeat(90), NAME_CHARS)).toBe('x'.repeat(NAME_CHARS));
    expect(nameFrom('\u0007', NAME_CHARS)).toBeUndefined();
  });
});

test.each([
  ['lobby', true],
  ['küche-2', true],
  ['会議室', true],
  ['~p0123456789abcdef0123456789abcdef', true],
  ['~p0123', false],
  ['~x0123456789abcdef0123456789abcdef', false],
  ['a b', false],
  ['{slot}', false],
  ['', false],
  ['x'.repeat(ROOM_CHARS + 1), false],
])('%j can be a room: %s', (name, expected) => {
  expect(isRoomName(name)).toBe(expected);
});

describe('a text', () => {
  test('is counted aloud only near its limit', () => {
    expect(checkText('hello', 10)).toEqual({ sendable: true, left: undefined });
    expect(checkText('hello you', 10)).toEqual({ sendable: true, left: 1 });
    expect(checkText('hello there', 10)).toEqual({ sendable: false, left: -1 });
  });

  test('of white space cannot be sent', () => {
    expect(checkText(' \n ', 10).sendable).toBe(false);
  });
});

test.each([
  ['lobby', 'public'],
  ['~p0123456789abcdef0123456789abcdef', 'private'],
  ['~d0123456789abcdef0123456789abcdef', 'direct'],
])('%s is a %s room', (name, kind) => {
  expect(roomKind(name)).toBe(kind);
});
