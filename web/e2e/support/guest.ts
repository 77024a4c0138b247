// Somebody without a page, who speaks over HTTP.

import { randomUUID } from 'node:crypto';

import type { GuestCreated, Posted, ReadState } from '../../src/lib/protocol/generated';

export class Guest {
  private constructor(
    private readonly url: string,
    private readonly token: string,
    readonly id: string,
    readonly name: string,
  ) {}

  /** At the server with this address. */
  static async at(url: string, name = 'Grace Hopper'): Promise<Guest> {
    const id = randomUUID();
    const { token } = await ask<GuestCreated>('POST', `${url}/api/v1/guests`, { id, name });
    return new Guest(url, token, id, name);
  }

  async say(room: string, text: string): Promise<void> {
    await ask<Posted>('POST', `${this.#address(room)}/messages`, { id: randomUUID(), text }, this.token);
  }

  /** Reads all that was said. */
  async read(room: string): Promise<void> {
    const offset = Number.MAX_SAFE_INTEGER;
    await ask<ReadState>('PUT', `${this.#address(room)}/read`, { offset }, this.token);
  }

  /** Says "unread 1." to the last, one after the other. */
  async sayMany(room: string, count: number): Promise<void> {
    for (let said = 1; said <= count; said += 1) await this.say(room, `unread ${said}.`);
  }

  #address(room: string): string {
    return `${this.url}/api/v1/rooms/${encodeURIComponent(room)}`;
  }
}

async function ask<T>(method: string, url: string, body: object, token?: string): Promise<T> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
