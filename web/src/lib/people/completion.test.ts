import { expect, test } from 'vitest';

import { completed, completion } from './completion';

const ADA = { id: 'ada', name: 'Ada Lovelace' };
const GRACE = { id: 'grace', name: 'Grace Hopper' };

function names(text: string, caret = text.length): string[] | undefined {
  return completion(text, caret, [ADA, GRACE])?.people.map(({ name }) => name);
}

test('behind an @ all are named, and fewer with every letter of any of their names', () => {
  expect(names('@')).toEqual(['Ada Lovelace', 'Grace Hopper']);
  expect(names('hello @gr')).toEqual(['Grace Hopper']);
  expect(names('hello @hop')).toEqual(['Grace Hopper']);
  expect(names('hello @ada lo')).toEqual(['Ada Lovelace']);
});

test('an address, a finished name and a stranger are not completed', () => {
  expect(names('ada@gr')).toBeUndefined();
  expect(names('@Ada Lovelace ')).toBeUndefined();
  expect(names('@nobody')).toBeUndefined();
  expect(names('@gr then', 0)).toBeUndefined();
});

test('the name takes the place of what was typed, and the rest stays', () => {
  expect(completed('hi @gr and you', 6, 3, 'Grace Hopper')).toEqual({
    text: 'hi @Grace Hopper and you',
    caret: 17,
  });
});
