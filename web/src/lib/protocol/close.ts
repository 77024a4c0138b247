// What the close codes of a WebSocket mean to the one who reads the page.

import { t } from '../i18n';
import { CLOSE_CODES } from './generated';

/** With this code the page leaves a server for another one: not a goodbye, so the others see no leaving. */
export const MOVING = CLOSE_CODES.Drain;

const words = new Map<number, string>([
  ...reasonsOfServer(),
  [1000, t.connection.reasons.goodbye],
  [1001, t.connection.reasons.goingAway],
  [1006, t.connection.reasons.broken],
]);

function reasonsOfServer(): [number, string][] {
  const names = Object.keys(CLOSE_CODES) as (keyof typeof CLOSE_CODES)[];
  return names.map((name) => [CLOSE_CODES[name], t.connection.reasons[name]]);
}

/** Why a socket closed, as the end of "Connection closed: …". */
export function closeReason(code: number, reason: string): string {
  return words.get(code) ?? (reason === '' ? t.connection.reasons.code(code) : reason);
}

/** Whether to connect again with the same token after this code: all but 4100 to 4199. */
export function mayReturn(code: number): boolean {
  return code < 4100 || code > 4199;
}
