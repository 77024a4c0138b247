// Names a new guest: by the Random User API, or, when that does not answer in time, from a list of our own.

import { hasShape, isObject, isString } from '../protocol/checks';
import { NAME_CHARS } from '../protocol/generated';
import { nameFrom } from '../protocol/limits';

/** Nobody waits longer than this for a name. */
export const NAME_TIMEOUT_MS = 1_500;

/** An adjective and an animal: 24 * 24 names, so that two guests of a small room seldom share one. */
const ADJECTIVES = [
  'Amber',
  'Bold',
  'Brisk',
  'Calm',
  'Clever',
  'Cosy',
  'Dapper',
  'Eager',
  'Fleet',
  'Gentle',
  'Golden',
  'Happy',
  'Honest',
  'Jolly',
  'Keen',
  'Lively',
  'Lucky',
  'Mellow',
  'Merry',
  'Nimble',
  'Quiet',
  'Silver',
  'Sunny',
  'Witty',
];
const ANIMALS = [
  'Badger',
  'Beaver',
  'Crane',
  'Dolphin',
  'Falcon',
  'Finch',
  'Fox',
  'Hare',
  'Hedgehog',
  'Heron',
  'Lark',
  'Lynx',
  'Magpie',
  'Marten',
  'Otter',
  'Owl',
  'Panda',
  'Puffin',
  'Robin',
  'Seal',
  'Squirrel',
  'Stoat',
  'Swift',
  'Wren',
];

/** A name from our own list; each `random` in [0, 1) picks a part. */
export function localName(random: () => number): string {
  return `${pick(ADJECTIVES, random())} ${pick(ANIMALS, random())}`;
}

function pick(list: readonly string[], random: number): string {
  return list[Math.floor(random * list.length)] ?? 'Guest';
}

/** Where to ask: the API's address with only the name wanted. */
export function nameAddress(api: string, base: string): string {
  const address = new URL(api, base);
  address.searchParams.set('inc', 'name');
  address.searchParams.set('noinfo', '');
  return address.href;
}

const isName = hasShape<{ first: string; last: string }>({ first: isString, last: isString });

/**
 * The name in the API's answer, `{"results":[{"name":{"title":"Ms","first":"Ada","last":"Lovelace"}}]}`, made
 * fit for the server; `undefined` when there is none in it.
 */
export function nameInAnswer(answer: unknown): string | undefined {
  if (!isObject(answer) || !Array.isArray(answer.results)) return undefined;
  const result: unknown = answer.results[0];
  if (!isObject(result) || !isName(result.name)) return undefined;
  return nameFrom(`${result.name.first} ${result.name.last}`, NAME_CHARS);
}

/** A name for a new guest. Never fails, and never takes longer than `NAME_TIMEOUT_MS`. */
export async function newName(
  address: string,
  get: (address: string, init: RequestInit) => Promise<Response>,
  random: () => number,
): Promise<string> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => {
    giveUp.abort();
  }, NAME_TIMEOUT_MS);
  try {
    const response = await get(address, {
      signal: giveUp.signal,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
    const answer: unknown = response.ok ? await response.json() : undefined;
    return nameInAnswer(answer) ?? localName(random);
  } catch {
    // Too late, no network, refused, no JSON: a name of our own does as well.
    return localName(random);
  } finally {
    clearTimeout(timer);
  }
}
