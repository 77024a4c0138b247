// The call for what was said before.

import { hasShape, isListOf, isNumber, isString } from '../protocol/checks';
import { isStreamEvent } from '../protocol/frames';
import { ROOMS_PATH, type EventPage, type RoomName } from '../protocol/generated';
import type { Call } from './http';

const isEventPage = hasShape<EventPage>({
  epoch: isString,
  latest: isNumber,
  oldest: isNumber,
  messages: isListOf(isStreamEvent),
});

/** The `limit` latest events of those before `before`. */
export function olderMessages(room: RoomName, before: number, limit: number): Call<EventPage> {
  const path = `${ROOMS_PATH}/${encodeURIComponent(room)}/messages?before=${before}&limit=${limit}`;
  return { method: 'GET', path, answer: isEventPage };
}
