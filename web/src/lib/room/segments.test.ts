import { expect, test } from 'vitest';

import { mentioned, segments } from './segments';

const ADA = { id: 'ada', name: 'Ada' };
const LOVELACE = { id: 'lovelace', name: 'Ada Lovelace' };

test('a mention is told from the text around it, and the longest name counts', () => {
  expect(segments('hi @Ada Lovelace, and @ada!', [ADA, LOVELACE], 'ada', '')).toEqual([
    { text: 'hi ' },
    { text: '@Ada Lovelace', mention: 'other' },
    { text: ', and ' },
    { text: '@ada', mention: 'own' },
    { text: '!' },
  ]);
});

test('a name that nobody is mentioned by is text, and so is one with signs of its own', () => {
  expect(segments('@Ada', [], 'ada', '')).toEqual([{ text: '@Ada' }]);
  const odd = { id: 'odd', name: 'A.(b)-[c]' };
  expect(segments('@A.(b)-[c]', [odd], undefined, '')[0]?.mention).toBe('other');
  expect(segments('@Axb', [{ id: 'dot', name: 'A.b' }], undefined, '')).toEqual([{ text: '@Axb' }]);
});

test('what is searched for is found whatever its case, in addresses and mentions as well', () => {
  expect(segments('Ask ADA', [], undefined, 'ada')).toEqual([{ text: 'Ask ' }, { text: 'ADA', hit: true }]);
  const link = segments('https://example.org/ada', [], undefined, 'ADA');
  expect(link.map(({ text }) => text)).toEqual(['https://example.org/', 'ada']);
  expect(link.every(({ href }) => href === 'https://example.org/ada')).toBe(true);
  expect(segments('@Ada', [ADA], 'ada', 'da')).toEqual([
    { text: '@A', mention: 'own' },
    { text: 'da', mention: 'own', hit: true },
  ]);
});

test('of those who are mentioned only who is known can be shown', () => {
  const message = {
    room: 'lobby',
    offset: 1,
    id: 'm',
    user: ADA,
    text: '',
    time: '',
    mentions: ['ada', 'x'],
  };
  expect(mentioned(message, new Map([['ada', ADA]]))).toEqual([ADA]);
  expect(mentioned({ ...message, mentions: [] }, new Map())).toEqual([]);
});
