import { expect, test } from 'vitest';

import { t } from '../i18n';
import { isString } from '../protocol/checks';
import { call, isNothing, type Answer, type Call } from './http';

const GET: Call<string> = { method: 'GET', path: '/x', answer: isString };

function problem(code: string, status: number, headers: Record<string, string> = {}): Response {
  const body = { type: `/problems/${code}`, title: 'A title', status, detail: 'in detail' };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}

async function refusalOf(answer: Promise<Answer<unknown>>) {
  const result = await answer;
  if (result.ok) throw new Error('it was not refused');
  return result.refusal;
}

test('a call speaks with the token that it is given, and sends its body as JSON', async () => {
  const seen: [string, RequestInit][] = [];
  const fetch = (path: string, init: RequestInit): Promise<Response> => {
    seen.push([path, init]);
    return Promise.resolve(Response.json('hello'));
  };
  const wanted: Call<string> = { method: 'POST', path: '/x', body: { a: 1 }, answer: isString };
  expect(await call(fetch, 'secret', wanted)).toEqual({ ok: true, value: 'hello' });
  expect(seen[0]?.[1]).toMatchObject({
    method: 'POST',
    body: '{"a":1}',
    headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
  });
  await call(fetch, undefined, GET);
  expect(seen[1]?.[1].headers).toEqual({});
});

test('an answer without a body is one', async () => {
  const fetch = (): Promise<Response> => Promise.resolve(new Response(null, { status: 204 }));
  expect(await call(fetch, undefined, { method: 'DELETE', path: '/x', answer: isNothing })).toEqual({
    ok: true,
    value: undefined,
  });
});

test('a problem is told by its code, in the words of the page', async () => {
  const fetch = (): Promise<Response> => Promise.resolve(problem('emailTaken', 409));
  expect(await refusalOf(call(fetch, undefined, GET))).toMatchObject({
    code: 'emailTaken',
    words: t.errors.emailTaken,
    detail: 'in detail',
  });
});

test('how long to wait is told in words', async () => {
  const fetch = (): Promise<Response> =>
    Promise.resolve(problem('tooManyAttempts', 429, { 'retry-after': '90' }));
  const refusal = await refusalOf(call(fetch, undefined, GET));
  expect(refusal.retryAfterMs).toBe(90_000);
  expect(refusal.words).toBe('Too many attempts. Try again in 90 seconds.');
});

test.each([
  ['that is something else', () => Promise.resolve(Response.json(7)), 'notUnderstood'],
  ['that is no JSON', () => Promise.resolve(new Response('<html>', { status: 502 })), 'notUnderstood'],
  ['that never comes', () => Promise.reject(new TypeError('Failed to fetch')), 'unreachable'],
])('an answer %s is a refusal of the page', async (_, fetch, code) => {
  expect((await refusalOf(call(fetch, undefined, GET))).code).toBe(code);
});
