// What this browser is called in the list of devices.

import { t } from '../i18n';

/** The first that the text names. Edge and Opera call themselves Chrome as well, and Chrome Safari. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|CriOS)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

/** Android calls itself Linux as well, and an iPhone "like Mac OS X". */
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** "Firefox on Linux" of a browser that says so, else only what is known. */
export function deviceName(userAgent: string): string {
  const browser = first(BROWSERS, userAgent) ?? t.account.browser;
  const system = first(SYSTEMS, userAgent);
  return system === undefined ? browser : t.account.browserOn(browser, system);
}

function first(list: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return list.find(([pattern]) => pattern.test(text))?.[1];
}
