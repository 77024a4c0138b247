import { describe, expect, test } from 'vitest';

import {
  acknowledged,
  add,
  connectionLost,
  deferred,
  fromKept,
  isFull,
  OUTBOX_MAX,
  refused,
  retry,
  shownUpTo,
  takeDue,
  toKeep,
  without,
  type Outbox,
} from './outbox';

const TIME = '2026-01-31T08:05:09.042Z';

function outboxOf(...ids: string[]): Outbox {
  return ids.reduce<Outbox>((outbox, id) => add(outbox, id, 'lobby', `text of ${id}`), []);
}

function ids(outbox: Outbox): string[] {
  return outbox.map(({ id }) => id);
}

function kinds(outbox: Outbox): string[] {
  return outbox.map(({ delivery }) => delivery.kind);
}

describe('sending', () => {
  test('takes all that waits, in its order, and none twice', () => {
    const first = takeDue(outboxOf('a', 'b'), 'lobby', 0);
    expect(ids(first.due)).toEqual(['a', 'b']);
    expect(kinds(first.outbox)).toEqual(['sent', 'sent']);
    expect(takeDue(first.outbox, 'lobby', 0).due).toEqual([]);
  });

  test('leaves alone what is for another room', () => {
    const outbox = add(outboxOf('a'), 'b', 'kitchen', 'text');
    expect(ids(takeDue(outbox, 'kitchen', 0).due)).toEqual(['b']);
  });

  test('is done again under the same ids when the connection is lost', () => {
    const { outbox } = takeDue(outboxOf('a', 'b'), 'lobby', 0);
    expect(ids(takeDue(connectionLost(outbox), 'lobby', 0).due)).toEqual(['a', 'b']);
  });

  test('is not done again for what is stored or refused', () => {
    let { outbox } = takeDue(outboxOf('a', 'b'), 'lobby', 0);
    outbox = acknowledged(outbox, 'a', 7, TIME, 6);
    outbox = refused(outbox, 'b', 'no');
    expect(takeDue(connectionLost(outbox), 'lobby', 0).due).toEqual([]);
  });
});

describe('a message that the server cannot take now', () => {
  const { outbox } = takeDue(outboxOf('a'), 'lobby', 1_000);
  const later = add(deferred(outbox, 'a', 'the store is away', 2_000, 1_000, 0.5), 'b', 'lobby', 'text');

  test('waits for its time and holds up those behind it, so that order is kept', () => {
    const { due, nextAt } = takeDue(later, 'lobby', 3_000);
    expect(due).toEqual([]);
    expect(nextAt).toBe(3_250);
    expect(ids(takeDue(later, 'lobby', 3_250).due)).toEqual(['a', 'b']);
  });

  test('waits longer each time', () => {
    const again = deferred(takeDue(later, 'lobby', 3_250).outbox, 'a', 'still away', 2_000, 3_250, 0.5);
    expect(takeDue(again, 'lobby', 3_250).nextAt).toBe(5_750);
  });

  test('is sent at once when someone asks for it', () => {
    expect(ids(takeDue(retry(later, 'a'), 'lobby', 1_000).due)).toEqual(['a', 'b']);
  });

  test('is sent at once over a new connection', () => {
    expect(ids(takeDue(connectionLost(later), 'lobby', 1_000).due)).toEqual(['a', 'b']);
  });
});

test('a refused message says why, and can be tried again', () => {
  const outbox = refused(takeDue(outboxOf('a'), 'lobby', 0).outbox, 'a', 'text is empty');
  expect(outbox[0]?.delivery).toEqual({ kind: 'refused', problem: 'text is empty' });
  expect(ids(takeDue(retry(outbox, 'a'), 'lobby', 0).due)).toEqual(['a']);
});

describe('an acknowledged message', () => {
  test('stays until the room shows it', () => {
    const outbox = acknowledged(outboxOf('a'), 'a', 7, TIME, 6);
    expect(kinds(outbox)).toEqual(['acknowledged']);
    expect(without(outbox, ['a'])).toEqual([]);
  });

  test('goes at once when the room shows it already, as after a second send', () => {
    expect(acknowledged(outboxOf('a'), 'a', 7, TIME, 7)).toEqual([]);
  });

  test('goes when the room shows a later one', () => {
    const outbox = acknowledged(outboxOf('a', 'b'), 'a', 7, TIME, 6);
    expect(ids(shownUpTo(outbox, 'lobby', 9))).toEqual(['b']);
    expect(ids(shownUpTo(outbox, 'kitchen', 9))).toEqual(['a', 'b']);
  });
});

describe('a reload', () => {
  test('keeps what the server may not have, under the same ids', () => {
    let { outbox } = takeDue(outboxOf('a', 'b', 'c'), 'lobby', 0);
    outbox = acknowledged(outbox, 'b', 7, TIME, 6);
    const kept: unknown = JSON.parse(JSON.stringify(toKeep(outbox)));
    expect(takeDue(fromKept(kept), 'lobby', 0).due.map(({ id, text }) => [id, text])).toEqual([
      ['a', 'text of a'],
      ['c', 'text of c'],
    ]);
  });

  test.each([undefined, null, 'a', [{ id: 1 }], {}])('begins empty when %j was kept', (kept) => {
    expect(fromKept(kept)).toEqual([]);
  });
});

test('an outbox is full at its limit', () => {
  const many = Array.from({ length: OUTBOX_MAX }, (_, index) => String(index));
  expect(isFull(outboxOf(...many.slice(1)))).toBe(false);
  expect(isFull(outboxOf(...many))).toBe(true);
});
