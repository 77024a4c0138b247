// What the close codes of a WebSocket mean to the one who reads the page.

import { CLOSE_CODES } from './generated';

/** With this code the page leaves a server for another one: not a goodbye, so the others see no leaving. */
export const MOVING = CLOSE_CODES.Drain;

const words = new Map<number, string>([
  [CLOSE_CODES.Drain, 'the server is being emptied'],
  [CLOSE_CODES.SlowConsumer, 'this connection was too slow for what is going on here'],
  [CLOSE_CODES.ServerGoing, 'the server was shut down'],
  [CLOSE_CODES.Silent, 'the server heard nothing from this page'],
  [CLOSE_CODES.HelloTimeout, 'the server waited too long for a greeting'],
  [CLOSE_CODES.BadHello, 'the server did not understand the greeting'],
  [CLOSE_CODES.BadToken, 'the server no longer knows this guest'],
  [CLOSE_CODES.Protocol, 'this page and the server do not understand each other'],
  [1000, 'the server said goodbye'],
  [1001, 'the server was shut down'],
  [1006, 'the connection broke'],
]);

/** Why a socket closed, as the end of "Connection closed: …". */
export function closeReason(code: number, reason: string): string {
  return words.get(code) ?? (reason === '' ? `code ${code}` : reason);
}

/** Whether to connect again with the same token after this code: all but 4100 to 4199. */
export function mayReturn(code: number): boolean {
  return code < 4100 || code > 4199;
}
