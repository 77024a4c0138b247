// Somebody without a page, who speaks over HTTP.

import { randomUUID } from 'node:crypto';

import type { GuestCreated, Posted } from '../../src/lib/protocol/generated';

export class Guest {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** At the server with this address. */
  static async at(url: string, name = 'Grace Hopper'): Promise<Guest> {
    const { token } = await post<GuestCreated>(`${url}/api/v1/guests`, { id: randomUUID(), name });
    return new Guest(url, token);
  }

  async say(room: string, text: string): Promise<void> {
    const path = `${this.url}/api/v1/rooms/${encodeURIComponent(room)}/messages`;
    await post<Posted>(path, { id: randomUUID(), text }, this.token);
  }

  /** Says "unread 1." to the last, one after the other. */
  async sayMany(room: string, count: number): Promise<void> {
    for (let said = 1; said <= count; said += 1) await this.say(room, `unread ${said}.`);
  }
}

async function post<T>(url: string, body: object, token?: string): Promise<T> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
