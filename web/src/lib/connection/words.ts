// The state of the connection in words.

import { t } from '../i18n';
import type { Connection } from './session';

/** For the eye: counts down while it waits. */
export function connectionWords(connection: Connection, now: number): string {
  switch (connection.kind) {
    case 'connecting':
      return connection.moving ? t.connection.moving : t.connection.connecting;
    case 'connected':
      return t.connection.connected;
    case 'waiting': {
      const seconds = Math.ceil((connection.retryAt - now) / 1000);
      return seconds > 0 ? t.connection.reconnectingIn(seconds) : t.connection.reconnecting;
    }
    case 'stopped':
      return t.connection.disconnected;
  }
}

/** For the ear: says each change once, and counts nothing. */
export function connectionAnnouncement(connection: Connection): string {
  switch (connection.kind) {
    case 'connecting':
      return '';
    case 'connected':
      return t.connection.connected;
    case 'waiting':
      return t.connection.disconnectedForNow(connection.reason);
    case 'stopped':
      return t.connection.disconnectedFor(connection.reason);
  }
}
