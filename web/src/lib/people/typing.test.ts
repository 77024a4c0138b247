import { expect, test } from 'vitest';

import {
  nextStop,
  NOBODY_TYPES,
  stillTyping,
  TYPING_TTL_MS,
  typingWords,
  type Typing,
  withoutTypists,
  withTypist,
} from './typing';

const ada = { id: 'a', name: 'Ada' };
const grace = { id: 'g', name: 'Grace' };

function told(typing: Typing): string {
  const { who, does } = typingWords(typing);
  return `${who} ${does}`.trim();
}

test('those who type are told in words', () => {
  let typing = withTypist(NOBODY_TYPES, ada, 0);
  expect(told(typing)).toBe('Ada is typing…');
  typing = withTypist(typing, grace, 0);
  expect(told(typing)).toBe('Ada and Grace are typing…');
  typing = withTypist(typing, { id: 'e', name: 'Émile' }, 0);
  expect(told(typing)).toBe('Several people are typing…');
  expect(told(NOBODY_TYPES)).toBe('');
});

test('one who says nothing more has stopped', () => {
  const typing = withTypist(withTypist(NOBODY_TYPES, ada, 0), grace, 1_000);
  expect(nextStop(typing)).toBe(TYPING_TTL_MS);
  expect(told(stillTyping(typing, TYPING_TTL_MS - 1))).toBe('Ada and Grace are typing…');
  expect(told(stillTyping(typing, TYPING_TTL_MS))).toBe('Grace is typing…');
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
