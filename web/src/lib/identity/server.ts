// What the page asks of the server before it speaks.

import { call, orFail, type Fetch } from '../api/http';
import { hasShape, isString } from '../protocol/checks';
import {
  GUESTS_PATH,
  PAGE_CONFIG_PATH,
  type GuestCreated,
  type GuestRequest,
  type PageConfig,
  type User,
} from '../protocol/generated';

export type GuestAnswer =
  | { readonly kind: 'created'; readonly guest: GuestCreated }
  /** The GUID belongs to somebody. */
  | { readonly kind: 'taken' }
  /** The name is against the rules. */
  | { readonly kind: 'badName' }
  /** The server takes the users of another login only. */
  | { readonly kind: 'noGuests' };

export interface Server {
  /** Fails with an Error that says in words why. */
  config(): Promise<PageConfig>;
  /** Fails with an Error that says in words why, when the server can't tell. */
  createGuest(request: GuestRequest): Promise<GuestAnswer>;
}

const isConfig = hasShape<PageConfig>({ nameApi: isString, defaultRoom: isString });

const isGuestCreated = hasShape<GuestCreated>({
  user: hasShape<User>({ id: isString, name: isString }),
  token: isString,
});

const BAD_NAME: readonly string[] = ['emptyName', 'nameTooLong', 'controlCharacter', 'badField'];

export function httpServer(fetch: Fetch): Server {
  return {
    async config() {
      const answer = { method: 'GET', path: PAGE_CONFIG_PATH, answer: isConfig } as const;
      return orFail(await call(fetch, undefined, answer));
    },
    async createGuest(body) {
      const answer = await call(fetch, undefined, {
        method: 'POST',
        path: GUESTS_PATH,
        body,
        answer: isGuestCreated,
      });
      if (!answer.ok && answer.refusal.code === 'guestTaken') return { kind: 'taken' };
      if (!answer.ok && answer.refusal.code === 'foreignLogin') return { kind: 'noGuests' };
      if (!answer.ok && BAD_NAME.includes(answer.refusal.code)) return { kind: 'badName' };
      return { kind: 'created', guest: orFail(answer) };
    },
  };
}
