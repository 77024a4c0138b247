// Messages that the room has not shown yet. Pure: each function answers the next outbox. A message keeps its
// id whatever happens, so that the server stores it once however often it is sent.

import type { MessageId, RoomName, Timestamp } from '../protocol/generated';
import { hasShape, isListOf, isString } from '../protocol/checks';
import { backoff } from './backoff';

/** More than anyone types while a server is away; what waits has to fit into the tab's storage. */
export const OUTBOX_MAX = 100;

export type Delivery =
  /** To be sent, not before `notBefore` (milliseconds since 1970). `problem` is why it was not taken before. */
  | { readonly kind: 'waiting'; readonly notBefore: number; readonly problem?: string }
  /** Sent over the connection that there is. */
  | { readonly kind: 'sent' }
  /** Stored; the room is about to show it. */
  | { readonly kind: 'acknowledged'; readonly offset: number; readonly time: Timestamp }
  /** The server will not have it, and says why. */
  | { readonly kind: 'refused'; readonly problem: string };

export interface OutboxEntry {
  readonly id: MessageId;
  readonly room: RoomName;
  readonly text: string;
  /** How often the server asked to try again later. */
  readonly deferrals: number;
  readonly delivery: Delivery;
}

export type Outbox = readonly OutboxEntry[];

const WAITING: Delivery = { kind: 'waiting', notBefore: 0 };

export function isFull(outbox: Outbox): boolean {
  return outbox.length >= OUTBOX_MAX;
}

export function add(outbox: Outbox, id: MessageId, room: RoomName, text: string): Outbox {
  return [...outbox, { id, room, text, deferrals: 0, delivery: WAITING }];
}

export interface Due {
  readonly outbox: Outbox;
  /** To be sent now, in this order. */
  readonly due: Outbox;
  /** When to ask again, in milliseconds since 1970, if something waits for its time. */
  readonly nextAt: number | undefined;
}

/** What of a room is to be sent now. One that has to wait holds up those behind it: order is kept. */
export function takeDue(outbox: Outbox, room: RoomName, now: number): Due {
  const waiting = outbox.filter((entry) => entry.room === room && entry.delivery.kind === 'waiting');
  const firstLater = waiting.findIndex((entry) => notBefore(entry) > now);
  const due = firstLater === -1 ? waiting : waiting.slice(0, firstLater);
  const later = waiting[due.length];
  return {
    outbox: outbox.map((entry) => (due.includes(entry) ? { ...entry, delivery: { kind: 'sent' } } : entry)),
    due,
    nextAt: later && notBefore(later),
  };
}

function notBefore(entry: OutboxEntry): number {
  return entry.delivery.kind === 'waiting' ? entry.delivery.notBefore : 0;
}

/** The connection is gone: nobody knows what of the sent arrived, so all of it is sent again. */
export function connectionLost(outbox: Outbox): Outbox {
  return outbox.map((entry) =>
    entry.delivery.kind === 'sent' || entry.delivery.kind === 'waiting'
      ? { ...entry, delivery: WAITING }
      : entry,
  );
}

/** Stored at `offset`. The room shows those up to `shownUpTo` already, or has them before its first page. */
export function acknowledged(
  outbox: Outbox,
  id: MessageId,
  offset: number,
  time: Timestamp,
  shownUpTo: number,
): Outbox {
  if (offset <= shownUpTo) return without(outbox, [id]);
  return update(outbox, id, (entry) => ({ ...entry, delivery: { kind: 'acknowledged', offset, time } }));
}

/** The server can't take it now; again after `retryAfterMs`, and later each time, with jitter. */
export function deferred(
  outbox: Outbox,
  id: MessageId,
  problem: string,
  retryAfterMs: number,
  now: number,
  random: number,
): Outbox {
  return update(outbox, id, (entry) => ({
    ...entry,
    deferrals: entry.deferrals + 1,
    delivery: {
      kind: 'waiting',
      notBefore: now + retryAfterMs + backoff(entry.deferrals, random),
      problem,
    },
  }));
}

/** The same again would be refused again, unless something changes. */
export function refused(outbox: Outbox, id: MessageId, problem: string): Outbox {
  return update(outbox, id, (entry) => ({ ...entry, delivery: { kind: 'refused', problem } }));
}

/** Nothing can be said in a room any more. */
export function refusedIn(outbox: Outbox, room: RoomName, problem: string): Outbox {
  return outbox
    .filter((entry) => entry.room === room)
    .reduce((rest, { id }) => refused(rest, id, problem), outbox);
}

/** Someone wants a refused or deferred one sent at once. */
export function retry(outbox: Outbox, id: MessageId): Outbox {
  return update(outbox, id, (entry) => ({ ...entry, delivery: WAITING }));
}

/** The room shows these now. */
export function without(outbox: Outbox, ids: readonly MessageId[]): Outbox {
  return outbox.some((entry) => ids.includes(entry.id))
    ? outbox.filter((entry) => !ids.includes(entry.id))
    : outbox;
}

/** The room shows all up to `offset`, so what was acknowledged up to there needs no showing here. */
export function shownUpTo(outbox: Outbox, room: RoomName, offset: number): Outbox {
  return outbox.filter(
    ({ room: of, delivery }) =>
      !(of === room && delivery.kind === 'acknowledged' && delivery.offset <= offset),
  );
}

function update(outbox: Outbox, id: MessageId, change: (entry: OutboxEntry) => OutboxEntry): Outbox {
  return outbox.map((entry) => (entry.id === id ? change(entry) : entry));
}

interface Kept {
  readonly id: string;
  readonly room: string;
  readonly text: string;
}

const isKept = isListOf(hasShape<Kept>({ id: isString, room: isString, text: isString }));

/** What has to outlive a reload: all that is not stored by the server. */
export function toKeep(outbox: Outbox): Kept[] {
  return outbox
    .filter(({ delivery }) => delivery.kind !== 'acknowledged')
    .map(({ id, room, text }) => ({ id, room, text }));
}

/** From what was kept; anything else is an empty outbox. */
export function fromKept(kept: unknown): Outbox {
  if (!isKept(kept)) return [];
  return kept
    .slice(0, OUTBOX_MAX)
    .reduce<Outbox>((outbox, { id, room, text }) => add(outbox, id, room, text), []);
}
