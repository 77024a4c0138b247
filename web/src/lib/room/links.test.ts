import { expect, test } from 'vitest';

import { withLinks } from './links';

function hrefs(text: string): (string | undefined)[] {
  return withLinks(text).flatMap(({ href }) => (href === undefined ? [] : [href]));
}

test('a text without an address is one piece', () => {
  expect(withLinks('<b>hello</b>')).toEqual([{ text: '<b>hello</b>' }]);
});

test('the pieces make up the text again', () => {
  const text = 'see https://example.org/a?b=c#d, or (http://example.net).\nhttps:// is none';
  expect(
    withLinks(text)
      .map((segment) => segment.text)
      .join(''),
  ).toBe(text);
  expect(hrefs(text)).toEqual(['https://example.org/a?b=c#d', 'http://example.net/']);
});

test('a bracket belongs to an address that opened it', () => {
  expect(hrefs('https://example.org/a_(b)')).toEqual(['https://example.org/a_(b)']);
});

test.each(['javascript:alert(1)', 'data:text/html,hi', 'file:///etc/passwd', 'https://'])(
  '%s is no link',
  (text) => {
    expect(hrefs(text)).toEqual([]);
  },
);

test('quotes and angle brackets end an address', () => {
  expect(hrefs('<https://example.org/"onclick=">')).toEqual(['https://example.org/']);
});
