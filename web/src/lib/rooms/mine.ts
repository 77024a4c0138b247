// One's own list of rooms, as the server has it: fetched at the beginning and whenever it is another.

import type { RoomsApi } from '../api/rooms';
import type { Environment } from '../connection/environment';
import type { MyRoom, RoomName } from '../protocol/generated';

/** A server that lost touch tells all of its users at once: they come back at different times. */
export const SPREAD_MS = 5_000;

export interface MineNeeds {
  readonly environment: Pick<Environment, 'after' | 'random'>;
  readonly api: Pick<RoomsApi, 'mine'>;
  /** Told of every change. */
  readonly changed: (rooms: readonly MyRoom[]) => void;
}

export class Mine {
  #loading = false;
  #again = false;
  /** Rooms that one was put out of since the fetch began: its answer may not know of it. */
  readonly #putOut = new Set<RoomName>();
  #cancel: (() => void) | undefined;

  constructor(private readonly needs: MineNeeds) {}

  /** The server said that the list is another; several times in a row are one. */
  refreshSoon(): void {
    const { after, random } = this.needs.environment;
    this.#cancel ??= after(random() * SPREAD_MS, () => {
      void this.refresh();
    });
  }

  /** The user was put out of a room: a list that is under way says nothing about that one. */
  putOut(room: RoomName): void {
    if (this.#loading) this.#putOut.add(room);
  }

  /** Fetches it now. When that fails the list stays as it was, and the next connection asks again. */
  async refresh(): Promise<void> {
    this.end();
    if (this.#loading) {
      // What is being fetched may be older than what one wants to know.
      this.#again = true;
      return;
    }
    this.#loading = true;
    this.#putOut.clear();
    const answer = await this.needs.api.mine();
    this.#loading = false;
    if (answer.ok) this.needs.changed(answer.value.rooms.filter(({ info }) => !this.#putOut.has(info.room)));
    if (!this.#again) return;
    this.#again = false;
    await this.refresh();
  }

  /** Calls off what would be fetched later. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
