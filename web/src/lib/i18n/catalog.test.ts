import { describe, expect, test } from 'vitest';

import { asReason, catalog, errorWords, wordsIn } from '.';
import { chosen, LANGUAGES } from './language';
import { counting } from './plural';

/** Every phrase of a catalog with its way to it, functions called with made-up arguments. */
function phrases(words: unknown, path = ''): [string, string][] {
  if (typeof words === 'string') return [[path, words]];
  if (typeof words === 'function') {
    const call = words as (...args: unknown[]) => unknown;
    return phrases(call(...Array.from(call.toString().matchAll(/,/g), () => 7), 7, 7, 7), path);
  }
  return Object.entries(words as object).flatMap(([key, each]) => phrases(each, `${path}.${key}`));
}

describe.each(LANGUAGES)('in %s', (language) => {
  const said = phrases(wordsIn(language));

  test('every phrase says something, and nothing that was forgotten to be filled in', () => {
    expect(said.length).toBeGreaterThan(100);
    for (const [path, phrase] of said) {
      expect(phrase.trim(), path).not.toBe('');
      expect(phrase, path).not.toMatch(/undefined|NaN|\[object|#/);
    }
  });

  test('there are the same phrases as in English', () => {
    expect(said.map(([path]) => path)).toEqual(phrases(wordsIn('en')).map(([path]) => path));
  });
});

test('Chinese is written in Chinese, also where a phrase was copied', () => {
  const latin = phrases(wordsIn('zh')).filter(([, phrase]) => !/\p{Script=Han}/u.test(phrase));
  expect(latin).toEqual([]);
});

test('German and English differ in every subject', () => {
  for (const subject of Object.values(catalog)) {
    const english = phrases(subject.en);
    const same = phrases(subject.de).filter(([, phrase], index) => phrase === english[index]?.[1]);
    // Some words are the same in both, as "Name".
    expect(same.length, String(same)).toBeLessThanOrEqual(english.length / 10);
  }
});

test.each([
  [['de-AT', 'en'], 'de', 'de-AT'],
  [['zh-Hans-CN'], 'zh', 'zh-Hans-CN'],
  [['fr-CA', 'en-GB', 'de'], 'en', 'en-GB'],
  [['fr'], 'en', 'en'],
  [['not a tag', 'de'], 'de', 'de'],
  [[], 'en', 'en'],
])('a browser that wants %j gets %s with the dates of %s', (wanted, language, locale) => {
  expect(chosen(wanted)).toEqual({ language, locale });
});

test('a number has the form of its language', () => {
  const rooms = { one: '# room', other: '# rooms' };
  expect(counting('en')(1, rooms)).toBe('1 room');
  expect(counting('en')(0, rooms)).toBe('0 rooms');
  expect(counting('en')(1200, rooms)).toBe('1,200 rooms');
  expect(counting('de')(1200, { one: '# Raum', other: '# Räume' })).toBe('1.200 Räume');
  expect(counting('zh')(1, { other: '# 个房间' })).toBe('1 个房间');
});

test("a code that only the server knows is told in the server's words", () => {
  expect(errorWords('full', 'no place')).toBe('The server is full.');
  expect(errorWords('tooWarm', 'too warm here')).toBe('too warm here');
  expect(errorWords('toString', 'odd')).toBe('odd');
});

test('a sentence that becomes a reason loses its full stop', () => {
  expect(asReason('The server is full.')).toBe('The server is full');
  expect(asReason(wordsIn('zh').errors.full)).toBe('服务器已满');
});
