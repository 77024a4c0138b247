// Where a form shows what the server refused. Pure.

import type { Refusal } from '../api/http';

export type Field = 'email' | 'password' | 'newPassword' | 'name' | 'title' | 'topic' | 'room' | 'user';

/** The fields that a code may be about; a form shows it at the first of them that it has. */
const FIELDS: Readonly<Record<string, readonly Field[]>> = {
  badEmail: ['email'],
  emailTaken: ['email'],
  wrongPassword: ['password'],
  badPassword: ['newPassword', 'password'],
  emptyName: ['name'],
  nameTooLong: ['name'],
  controlCharacter: ['name', 'title', 'topic'],
  badTitle: ['title'],
  badTopic: ['topic'],
  emptyRoom: ['room'],
  roomTooLong: ['room'],
  badRoom: ['room'],
  roomTaken: ['room'],
  noSuchUser: ['user'],
};

/** The field of a form that has `fields`; `undefined` when it is about the form as a whole. */
export function fieldOf(refusal: Refusal, fields: readonly Field[]): Field | undefined {
  return FIELDS[refusal.code]?.find((field) => fields.includes(field));
}
