import { expect, test } from 'vitest';

import { fieldOf } from './fields';

function refusal(code: string) {
  return { code, words: '', detail: '', retryAfterMs: undefined };
}

test('a refusal is shown at the field that it is about, if the form has it', () => {
  expect(fieldOf(refusal('emailTaken'), ['email', 'password'])).toBe('email');
  expect(fieldOf(refusal('badPassword'), ['email', 'password'])).toBe('password');
  expect(fieldOf(refusal('badPassword'), ['password', 'newPassword'])).toBe('newPassword');
  expect(fieldOf(refusal('emailTaken'), ['name'])).toBeUndefined();
  expect(fieldOf(refusal('engineUnavailable'), ['email'])).toBeUndefined();
});
