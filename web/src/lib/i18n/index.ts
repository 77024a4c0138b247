// The words of the page, in its language. Each file beside this one has a subject in all languages: the type
// checker says when one of them lacks a phrase.

import { account } from './account';
import { common } from './common';
import { connection } from './connection';
import { conversation } from './conversation';
import { errors } from './errors';
import { spoken, type Language } from './language';
import { people } from './people';
import { rooms } from './rooms';
import { talk } from './talk';
import type { ErrorCode } from '../protocol/generated';

export const catalog = { account, common, connection, conversation, errors, people, rooms, talk };

export type Words = { readonly [Subject in keyof typeof catalog]: (typeof catalog)[Subject]['en'] };

export function wordsIn(language: Language): Words {
  return {
    account: account[language],
    common: common[language],
    connection: connection[language],
    conversation: conversation[language],
    errors: errors[language],
    people: people[language],
    rooms: rooms[language],
    talk: talk[language],
  };
}

/** What the page says. Its language does not change while it is open. */
export const t = wordsIn(spoken.language);

/** A sentence as a reason behind a colon, where another full stop follows. */
export function asReason(sentence: string): string {
  return sentence.replace(/[.。]$/, '');
}

/** What a server refuses with a code: in the page's words, or in the server's when it is newer than the page. */
export function errorWords(code: string, fromServer: string): string {
  return Object.hasOwn(t.errors, code) ? t.errors[code as ErrorCode] : fromServer;
}
