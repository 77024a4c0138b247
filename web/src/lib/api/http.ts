// One call of the server's HTTP API: what it answers, or why not, in the words of the page.

import { asReason, errorWords, t } from '../i18n';
import { duration } from '../i18n/format';
import { hasShape, isObject, isString, optional, type Check } from '../protocol/checks';
import type { Problem } from '../protocol/generated';

/** A request that hangs is as bad as one that fails. */
const TIMEOUT_MS = 10_000;

/** Why a call did not do what it was to do. */
export interface Refusal {
  /** The server's code; `unreachable` and `notUnderstood` are the page's own. */
  readonly code: string;
  /** A sentence for people. */
  readonly words: string;
  /** How the server says it: the text names the field and the limit. */
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** As the browser's `fetch`. */
export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export interface Call<T> {
  readonly method: Method;
  readonly path: string;
  readonly body?: object;
  /** What a good answer is; for one without a body, `isNothing`. */
  readonly answer: Check<T>;
}

const isProblem = hasShape<Pick<Problem, 'type' | 'title' | 'detail'>>({
  type: isString,
  title: isString,
  detail: optional(isString),
});

export function isNothing(value: unknown): value is undefined {
  return value === undefined;
}

/** Calls, as the one whose `token` it is; without one, as the one whose cookie the browser has. Never fails. */
export async function call<T>(
  fetch: Fetch,
  token: string | undefined,
  { method, path, body, answer }: Call<T>,
): Promise<Answer<T>> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    return refused('unreachable', t.common.unreachable);
  }
  const said: unknown = response.status === 204 ? undefined : await response.json().catch(() => null);
  if (response.ok && answer(said)) return { ok: true, value: said };
  return isObject(said) && isProblem(said)
    ? { ok: false, refusal: refusalIn(said, response) }
    : notUnderstood();
}

function notUnderstood(): Answer<never> {
  return refused('notUnderstood', t.common.notUnderstood);
}

function refused(code: string, words: string): Answer<never> {
  return { ok: false, refusal: { code, words, detail: words, retryAfterMs: undefined } };
}

function refusalIn(problem: Pick<Problem, 'type' | 'title' | 'detail'>, response: Response): Refusal {
  const code = problem.type.slice(problem.type.lastIndexOf('/') + 1);
  const detail = problem.detail ?? problem.title;
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  const retryAfterMs = seconds >= 0 ? seconds * 1_000 : undefined;
  return { code, words: withWait(errorWords(code, detail), retryAfterMs), detail, retryAfterMs };
}

function withWait(words: string, retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined ? words : `${words} ${t.common.againIn(duration(retryAfterMs))}`;
}

/** For those who have somebody else to tell of a failure: an Error with the reason, to be put behind a colon. */
export function orFail<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(asReason(answer.refusal.words));
}
