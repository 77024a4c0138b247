import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { NAME_CHARS } from '../protocol/generated';
import { nameProblem } from '../protocol/limits';
import { localName, NAME_TIMEOUT_MS, nameAddress, nameInAnswer, newName } from './naming';

const ANSWER = { results: [{ name: { title: 'Ms', first: 'Ada', last: 'Lovelace' } }] };

function answers(body: unknown, status = 200): () => Promise<Response> {
  return () => Promise.resolve(new Response(JSON.stringify(body), { status }));
}

test('the API is asked for a name and nothing else', () => {
  expect(nameAddress('https://randomuser.me/api/', 'http://localhost')).toBe(
    'https://randomuser.me/api/?inc=name&noinfo=',
  );
  expect(nameAddress('/names?nat=fr', 'http://localhost:8080')).toBe(
    'http://localhost:8080/names?nat=fr&inc=name&noinfo=',
  );
});

test('the name is first and last name', () => {
  expect(nameInAnswer(ANSWER)).toBe('Ada Lovelace');
});

test('a name that is too long for the server is cut', () => {
  const answer = { results: [{ name: { title: '', first: 'x'.repeat(30), last: 'y'.repeat(30) } }] };
  expect(nameProblem(nameInAnswer(answer) ?? '', NAME_CHARS)).toBeUndefined();
});

test.each([
  undefined,
  'Ada',
  {},
  { results: [] },
  { results: [{ name: {} }] },
  { results: [{ name: { first: ' ', last: '\u0007' } }] },
  { error: 'Uh oh, something has gone wrong.' },
])('there is no name in %j', (answer) => {
  expect(nameInAnswer(answer)).toBeUndefined();
});

test('every local name is one that the server takes', () => {
  expect(localName(() => 0)).toBe('Amber Badger');
  expect(localName(() => 0.999_999)).toBe('Witty Wren');
});

describe('a new name', () => {
  const local = localName(() => 0);

  test('is that of the API', async () => {
    expect(await newName('http://api/', answers(ANSWER), () => 0)).toBe('Ada Lovelace');
  });

  test.each([
    ['is busy', answers({ error: 'too many' }, 429)],
    ['answers nonsense', answers({ hello: 1 })],
    ['answers no JSON', () => Promise.resolve(new Response('<html>'))],
    ['cannot be reached', () => Promise.reject(new TypeError('Failed to fetch'))],
  ])('is a local one when the API %s', async (_, get) => {
    expect(await newName('http://api/', get, () => 0)).toBe(local);
  });

  describe('from an API that hangs', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test('is a local one after the limit', async () => {
      let aborted = false;
      const hangs = (_: string, { signal }: RequestInit): Promise<Response> =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            aborted = true;
            reject(new DOMException('aborted', 'AbortError'));
          });
        });
      const name = newName('http://api/', hangs, () => 0);
      await vi.advanceTimersByTimeAsync(NAME_TIMEOUT_MS - 1);
      expect(aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await name).toBe(local);
    });
  });
});
