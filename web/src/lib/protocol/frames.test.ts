import { expect, test } from 'vitest';

import { decodeFrames, encodeFrame } from './frames';

const ack = { type: 'ack', id: 'm1', room: 'lobby', offset: 3, time: '2026-01-31T08:05:09.042Z' };

test('several frames in one text are read in their order', () => {
  const text = `${JSON.stringify(ack)}\n{"type":"pong"}\n`;
  expect(decodeFrames(text)).toEqual([ack, { type: 'pong' }]);
});

test('messages inside of joined may carry a type of their own', () => {
  const user = { id: 'u1', name: 'Ada' };
  const message = { type: 'message', room: 'lobby', offset: 1, id: 'm1', user, text: 'hi', time: ack.time };
  const joined = {
    type: 'joined',
    room: 'lobby',
    epoch: 'e',
    offset: 1,
    recovered: false,
    messages: [message],
    members: [user],
    count: 1,
  };
  expect(decodeFrames(JSON.stringify(joined))).toEqual([joined]);
});

test('optional fields may be missing, and unknown fields are let through', () => {
  expect(decodeFrames('{"type":"error","code":"badJson","message":"no"}')).toHaveLength(1);
  expect(decodeFrames('{"type":"pong","new":true}')).toHaveLength(1);
});

test.each([
  ['no JSON', 'hello'],
  ['no object', '[1]'],
  ['no type', '{}'],
  ['an unknown type', '{"type":"shout"}'],
  ['a type that objects have by themselves', '{"type":"constructor"}'],
  ['a missing field', '{"type":"left"}'],
  ['a field of a wrong type', JSON.stringify({ ...ack, offset: '3' })],
  ['an optional field of a wrong type', '{"type":"error","code":"a","message":"b","ref":1}'],
])('%s is left out, and what is beside it is read', (_, line) => {
  expect(decodeFrames(`${line}\n{"type":"pong"}`)).toEqual([{ type: 'pong' }]);
});

test('a frame is one line, whatever its text has', () => {
  const text = encodeFrame({ type: 'send', id: 'm', room: 'lobby', text: 'one\ntwo' });
  expect(text.split('\n')).toHaveLength(1);
});
