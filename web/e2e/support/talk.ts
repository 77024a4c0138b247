// A long talk, said at once by somebody without a page: over one WebSocket of a browser, as a client would.

import { expect, type Page } from '@playwright/test';

import type { MyRooms } from '../../src/lib/protocol/generated';

/** How many messages may be on their way: few enough for the server's queue. */
const AHEAD = 200;

/** The rates of a server to which `sayMuch` speaks. */
export const SAY_MUCH = 'frames=off,bytes=off,changes=off,user-changes=off';

/** Says `count` messages in the room, "message 1" to the last, and is done when all of them are acknowledged. */
export async function sayMuch(page: Page, room: string, count: number): Promise<void> {
  await page.evaluate(
    ([room, count, ahead]) =>
      new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`ws://${location.host}/ws`, 'hubbub.v1');
        let said = 0;
        let acknowledged = 0;
        const sayMore = (): void => {
          for (; said < count && said - acknowledged < ahead; said += 1) {
            // Some are longer, so that heights differ.
            const text = `message ${said + 1}.${' and more'.repeat(said % 7 === 0 ? 40 : 0)}`;
            socket.send(JSON.stringify({ type: 'send', id: crypto.randomUUID(), room, text }));
          }
        };
        socket.onopen = () => {
          socket.send(JSON.stringify({ type: 'hello' }));
          socket.send(JSON.stringify({ type: 'join', room, history: 0 }));
        };
        socket.onmessage = ({ data }: MessageEvent<string>) => {
          for (const line of data.split('\n')) {
            const frame = JSON.parse(line) as { type: string; message?: string };
            if (frame.type === 'error') reject(new Error(frame.message));
            if (frame.type === 'ack') acknowledged += 1;
            if (frame.type === 'joined' || frame.type === 'ack') sayMore();
            if (acknowledged === count) {
              socket.close(1000);
              resolve();
            }
          }
        };
        socket.onclose = ({ code }) => {
          if (acknowledged < count) reject(new Error(`the seeding socket closed with ${code}`));
        };
      }),
    [room, count, AHEAD] as const,
  );
}

/** Waits until the server knows that the guest in front of the page has read all of a room: it opens at its end then. */
export async function hasReadAll(page: Page, room: string): Promise<void> {
  const unread = (): Promise<number | undefined> =>
    page.evaluate(async (room) => {
      const { token } = JSON.parse(sessionStorage.getItem('hubbub.guest') ?? '{}') as { token?: string };
      const answer = await fetch('/api/v1/me/rooms', { headers: { authorization: `Bearer ${token}` } });
      const { rooms } = (await answer.json()) as MyRooms;
      return rooms.find(({ info }) => info.room === room)?.unread;
    }, room);
  await expect.poll(unread, { message: 'what is unread', timeout: 60_000 }).toBe(0);
}
