import { beforeEach, expect, test } from 'vitest';

import type { Answer } from '../api/http';
import { FakeEnvironment } from '../connection/fakes';
import type { MyRoom, MyRooms } from '../protocol/generated';
import { Mine, SPREAD_MS } from './mine';

const LOBBY: MyRoom = {
  info: { room: 'lobby', kind: 'public', title: 'lobby', topic: '', present: 1 },
  epoch: 'e',
  latest: 3,
  read: 1,
  unread: 2,
};

let environment: FakeEnvironment;
let answers: ((answer: Answer<MyRooms>) => void)[];
let seen: (readonly MyRoom[])[];
let mine: Mine;

beforeEach(() => {
  environment = new FakeEnvironment();
  [answers, seen] = [[], []];
  mine = new Mine({
    environment,
    api: { mine: () => new Promise((resolve) => answers.push(resolve)) },
    changed: (rooms) => seen.push(rooms),
  });
});

async function answer(rooms: MyRoom[]): Promise<void> {
  answers.at(-1)?.({ ok: true, value: { rooms } });
  await environment.advance(0);
}

test('being told several times that the list is another fetches it once, within five seconds', async () => {
  mine.refreshSoon();
  mine.refreshSoon();
  expect(answers).toHaveLength(0);
  await environment.advance(SPREAD_MS);
  expect(answers).toHaveLength(1);
  await answer([LOBBY]);
  expect(seen).toEqual([[LOBBY]]);
});

test('being told while it is fetched fetches it once more', async () => {
  void mine.refresh();
  void mine.refresh();
  void mine.refresh();
  expect(answers).toHaveLength(1);
  await answer([]);
  expect(answers).toHaveLength(2);
  await answer([LOBBY]);
  expect(answers).toHaveLength(2);
  expect(seen).toEqual([[], [LOBBY]]);
});

test('a room that one is put out of while it is fetched is not on it', async () => {
  const kitchen = { ...LOBBY, info: { ...LOBBY.info, room: 'kitchen' } };
  void mine.refresh();
  mine.putOut('kitchen');
  await answer([LOBBY, kitchen]);
  void mine.refresh();
  await answer([LOBBY, kitchen]);
  expect(seen).toEqual([[LOBBY], [LOBBY, kitchen]]);
});

test('what cannot be fetched leaves the list as it was', async () => {
  void mine.refresh();
  await answer([LOBBY]);
  void mine.refresh();
  const refusal = { code: 'unreachable', words: '', detail: '', retryAfterMs: undefined };
  answers.at(-1)?.({ ok: false, refusal });
  await environment.advance(0);
  expect(seen).toEqual([[LOBBY]]);
});
