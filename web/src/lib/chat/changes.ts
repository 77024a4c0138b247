// Changes of messages that the server has not acknowledged yet: edits, deletions, reactions. Pure. Each keeps its
// id, so that it is done once however often it is sent.

import type { ClientFrame, MessageId, RoomName } from '../protocol/generated';

export type Change = Extract<ClientFrame, { type: 'edit' | 'delete' | 'react' }>;

/** In the order in which they were asked for. */
export type Changes = readonly Change[];

export function settled(changes: Changes, id: MessageId): Changes {
  return changes.some((change) => change.id === id) ? changes.filter((change) => change.id !== id) : changes;
}

/** What is to be said again once a connection is in the room again: nobody knows which of them arrived. */
export function toRepeat(changes: Changes, room: RoomName): Changes {
  return changes.filter((change) => change.room === room);
}
