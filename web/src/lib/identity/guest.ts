// The guest that this tab speaks as. The page makes the GUID; the server gives a token for it, so that nobody
// else can speak as this GUID.

import type { Credentials } from '../connection/session';
import { t } from '../i18n';
import { hasShape, isString } from '../protocol/checks';
import type { UserId, UserName } from '../protocol/generated';
import type { Server } from './server';
import type { Store } from './store';

const KEY = 'hubbub.guest';

/** GUIDs are never taken by chance, and two names in a row are never both bad: more is a defect. */
const TRIES = 4;

interface Kept {
  readonly id: UserId;
  readonly name: UserName;
  /** Missing when the server did not know the last one. */
  readonly token?: string;
}

const isKept = hasShape<Kept>({
  id: isString,
  name: isString,
  token: (value): value is string => value === undefined || isString(value),
});

export interface GuestNeeds {
  readonly server: Server;
  readonly store: Store;
  readonly newId: () => UserId;
  /** A name for a guest that has none. */
  readonly newName: () => Promise<UserName>;
  /** For when the server does not like a name. */
  readonly safeName: () => UserName;
}

export class Guest implements Credentials {
  #kept: Kept | undefined;
  #making: Promise<string | undefined> | undefined;

  constructor(private readonly needs: GuestNeeds) {
    const kept = needs.store.read(KEY);
    if (isKept(kept)) this.#kept = kept;
  }

  get id(): UserId | undefined {
    return this.#kept?.id;
  }

  /** The token, if there is one already. */
  get known(): string | undefined {
    return this.#kept?.token;
  }

  /**
   * A token made when there is none yet; `undefined` when the server takes no guests. Fails with an Error that says
   * why in words.
   */
  async token(): Promise<string | undefined> {
    if (this.#kept?.token !== undefined) return this.#kept.token;
    // Whoever asks while one is made gets the same one.
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  forget(): void {
    if (this.#kept) this.#keep({ id: this.#kept.id, name: this.#kept.name });
  }

  /** This guest is somebody else now: the next one begins anew. */
  clear(): void {
    this.#kept = undefined;
    this.needs.store.write(KEY, null);
  }

  /** Under another name from now on, also after a reload or with another token. */
  renamed(name: UserName): void {
    if (this.#kept) this.#keep({ ...this.#kept, name });
  }

  /** The same GUID as before if it can be had: what this guest said before stays its own. */
  async #make(): Promise<string | undefined> {
    const { server, newId, newName, safeName } = this.needs;
    let id = this.#kept?.id ?? newId();
    let name = this.#kept?.name ?? (await newName());
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await server.createGuest({ id, name });
      if (answer.kind === 'created') {
        const { user, token } = answer.guest;
        this.#keep({ id: user.id, name: user.name, token });
        return token;
      }
      if (answer.kind === 'noGuests') return undefined;
      if (answer.kind === 'taken') id = newId();
      else name = safeName();
    }
    throw new Error(t.connection.reasons.noGuest);
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    this.needs.store.write(KEY, kept);
  }
}
