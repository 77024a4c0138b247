// Words that change with a number.

import type { Language } from './language';

/** By the plural rules of the language; `#` stands for the number. `other` is every language's last resort. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

export type Counted = (count: number, forms: Forms) => string;

/**
 * How a language counts: `counting('en')(1, { one: '# room', other: '# rooms' })` is "1 room", with 1200 it is
 * "1,200 rooms".
 */
export function counting(language: Language): Counted {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replaceAll('#', numbers.format(count));
}
