import { expect, test } from 'vitest';

import { socketAddress } from './browser';

test('the socket is at the server that the page came from, as safe as the page', () => {
  expect(socketAddress('http://localhost:8080/#room')).toBe('ws://localhost:8080/ws');
  expect(socketAddress('https://chat.example/?room=a')).toBe('wss://chat.example/ws');
});
