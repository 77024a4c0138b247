// Names to complete behind an `@`. Pure.

import type { User } from '../protocol/generated';

/** More would hide what one answers to. */
const SHOWN = 6;

export interface Completion {
  /** Where the `@` is. */
  readonly at: number;
  readonly people: readonly User[];
}

/**
 * Who may be meant by what stands before the caret: in "hi @gr" those one of whose words begins with "gr".
 * `undefined` where nobody is about to be mentioned.
 */
export function completion(text: string, caret: number, people: readonly User[]): Completion | undefined {
  const begun = /(?:^|[\s(])@([^@\n]{0,40})$/u.exec(text.slice(0, caret));
  if (begun === null) return undefined;
  const typed = (begun[1] ?? '').toLocaleLowerCase();
  const matching = people.filter(({ name }) => {
    const lower = name.toLocaleLowerCase();
    return lower.startsWith(typed) || lower.split(/\s+/u).some((word) => word.startsWith(typed));
  });
  // A name that stands there already needs no completing.
  if (matching.length === 0 || matching.some(({ name }) => typed === `${name.toLocaleLowerCase()} `))
    return undefined;
  return { at: caret - typed.length - 1, people: matching.slice(0, SHOWN) };
}

export interface Completed {
  readonly text: string;
  readonly caret: number;
}

/** With the chosen name and a blank in the place of what was typed. */
export function completed(text: string, caret: number, at: number, name: string): Completed {
  const before = `${text.slice(0, at)}@${name} `;
  return { text: before + text.slice(caret).replace(/^ /, ''), caret: before.length };
}
