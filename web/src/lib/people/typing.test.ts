import { expect, test } from 'vitest';

import {
  nextStop,
  NOBODY_TYPES,
  stillTyping,
  TYPING_TTL_MS,
  typingWords,
  withoutTypists,
  withTypist,
} from './typing';

const ada = { id: 'a', name: 'Ada' };
const grace = { id: 'g', name: 'Grace' };

test('those who type are told in words', () => {
  let typing = withTypist(NOBODY_TYPES, ada, 0);
  expect(typingWords(typing)).toBe('Ada is typing…');
  typing = withTypist(typing, grace, 0);
  expect(typingWords(typing)).toBe('Ada and Grace are typing…');
  typing = withTypist(typing, { id: 'e', name: 'Émile' }, 0);
  expect(typingWords(typing)).toBe('Several people are typing…');
  expect(typingWords(NOBODY_TYPES)).toBe('');
});

test('a long name is cut, so that what its owner does can be read', () => {
  const long = { id: 'l', name: 'Augusta Ada King, Countess of Lovelace' };
  expect(typingWords(withTypist(NOBODY_TYPES, long, 0))).toBe('Augusta Ada King, C… is typing…');
});

test('one who says nothing more has stopped', () => {
  const typing = withTypist(withTypist(NOBODY_TYPES, ada, 0), grace, 1_000);
  expect(nextStop(typing)).toBe(TYPING_TTL_MS);
  expect(typingWords(stillTyping(typing, TYPING_TTL_MS - 1))).toBe('Ada and Grace are typing…');
  expect(typingWords(stillTyping(typing, TYPING_TTL_MS))).toBe('Grace is typing…');
  expect(nextStop(NOBODY_TYPES)).toBeUndefined();
});

test('typing on puts the end off', () => {
  const typing = withTypist(withTypist(NOBODY_TYPES, ada, 0), ada, 3_000);
  expect(stillTyping(typing, TYPING_TTL_MS)).toBe(typing);
});

test('one who sent it types no more', () => {
  expect(withoutTypists(withTypist(NOBODY_TYPES, ada, 0), ['a']).size).toBe(0);
  expect(withoutTypists(NOBODY_TYPES, ['a'])).toBe(NOBODY_TYPES);
});
