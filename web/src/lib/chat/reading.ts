// Tells the server how far one has read: at once, and then now and then while somebody goes on reading.

import type { Environment } from '../connection/environment';
import type { RoomName } from '../protocol/generated';

/** Positions are told this often at most. */
const EVERY_MS = 1_000;

export class Reading {
  /** What was seen and not told yet. */
  readonly #seen = new Map<RoomName, number>();
  #toldAt = -Infinity;
  #cancel: () => void = nothing;

  constructor(
    private readonly environment: Pick<Environment, 'now' | 'after'>,
    /** Says whether it could be told. */
    private readonly tellOne: (room: RoomName, offset: number) => boolean,
  ) {}

  saw(room: RoomName, offset: number): void {
    this.#seen.set(room, offset);
    this.#cancel();
    const { now, after } = this.environment;
    this.#cancel = after(Math.max(0, this.#toldAt + EVERY_MS - now()), () => {
      this.tell();
    });
  }

  /** Tells what can be told now; the rest waits until somebody asks again. */
  tell(): void {
    if (this.#seen.size === 0) return;
    this.#toldAt = this.environment.now();
    for (const [room, offset] of this.#seen) if (this.tellOne(room, offset)) this.#seen.delete(room);
  }

  end(): void {
    this.#cancel();
  }
}

function nothing(): void {
  // No timer is running.
}
