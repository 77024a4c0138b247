// Which of our languages the page speaks: the first of the browser's that we have, else English.

export const LANGUAGES = ['en', 'de', 'zh'] as const;

export type Language = (typeof LANGUAGES)[number];

export interface Spoken {
  /** Whose words. */
  readonly language: Language;
  /** Whose dates and numbers: the browser's own variety of the language, as `de-AT`. */
  readonly locale: string;
}

/**
 * `chosen(['fr-CA', 'de-AT', 'en'])` is German with Austrian dates, `chosen(['fr'])` English. What is no
 * language tag is passed over.
 */
export function chosen(wanted: readonly string[]): Spoken {
  for (const locale of wanted) {
    const language = LANGUAGES.find((each) => each === languageOf(locale));
    if (language !== undefined) return { language, locale };
  }
  return { language: 'en', locale: 'en' };
}

function languageOf(locale: string): string | undefined {
  try {
    return new Intl.Locale(locale).language;
  } catch {
    return undefined;
  }
}

/** Of this page, for as long as it is open. Where there is no page, as in tests without a browser, English. */
export const spoken: Spoken = chosen(typeof document === 'undefined' ? [] : navigator.languages);
