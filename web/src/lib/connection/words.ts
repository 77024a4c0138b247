// The state of the connection in words.

import type { Connection } from './session';

/** For the eye: counts down while it waits. */
export function connectionWords(connection: Connection, now: number): string {
  switch (connection.kind) {
    case 'connecting':
      return connection.moving ? 'Moving to another server…' : 'Connecting…';
    case 'connected':
      return 'Connected';
    case 'waiting': {
      const seconds = Math.ceil((connection.retryAt - now) / 1000);
      return seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting…';
    }
    case 'stopped':
      return 'Disconnected';
  }
}

/** For the ear: says each change once, and counts nothing. */
export function connectionAnnouncement(connection: Connection): string {
  switch (connection.kind) {
    case 'connecting':
      return '';
    case 'connected':
      return 'Connected';
    case 'waiting':
      return `Disconnected: ${connection.reason}. Reconnecting soon.`;
    case 'stopped':
      return `Disconnected: ${connection.reason}.`;
  }
}
