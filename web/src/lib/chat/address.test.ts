import { expect, test } from 'vitest';

import { roomInAddress } from './address';

test.each([
  ['http://localhost:8080/', undefined],
  ['http://localhost:8080/#', undefined],
  ['http://localhost:8080/#kitchen', 'kitchen'],
  ['http://localhost:8080/?room=kitchen', 'kitchen'],
  ['http://localhost:8080/?room=kitchen#garden', 'garden'],
  ['http://localhost:8080/#k%C3%BCche', 'küche'],
])('%s names the room %s', (address, room) => {
  expect(roomInAddress(address)).toEqual({ room });
});

test.each(['#a%20b', '?room=a/b', '#%E0%A4%A', `#${'x'.repeat(65)}`])(
  '%s is told to be no room',
  (address) => {
    const { room, problem } = roomInAddress(`http://localhost/${address}`);
    expect(room).toBeUndefined();
    expect(problem).toContain('cannot be a room');
  },
);

test('a link of somebody names them, unless it names a room as well', () => {
  const id = '0198c2a5-1f6e-7a3b-8c4d-5e6f708192a3';
  expect(roomInAddress(`http://localhost/?user=${id}`)).toEqual({ room: undefined, user: id });
  expect(roomInAddress(`http://localhost/?user=${id}#kitchen`)).toEqual({ room: 'kitchen' });
  expect(roomInAddress('http://localhost/?user=ada').problem).toBe('There is nobody with this id.');
});
