// What the page asks of the server over plain HTTP.

import { asReason, errorWords, t } from '../i18n';
import { hasShape, isString, optional, type Check } from '../protocol/checks';
import {
  GUESTS_PATH,
  PAGE_CONFIG_PATH,
  type GuestCreated,
  type GuestRequest,
  type PageConfig,
  type Problem,
  type User,
} from '../protocol/generated';

/** A request that hangs is as bad as one that fails. */
const TIMEOUT_MS = 10_000;

export type GuestAnswer =
  | { readonly kind: 'created'; readonly guest: GuestCreated }
  /** The GUID belongs to somebody. */
  | { readonly kind: 'taken' }
  /** The name is against the rules. */
  | { readonly kind: 'badName' };

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

const isProblem = hasShape<Pick<Problem, 'type' | 'title' | 'detail'>>({
  type: isString,
  title: isString,
  detail: optional(isString),
});

export const httpServer: Server = {
  async config() {
    return checked(await request(PAGE_CONFIG_PATH, {}), isConfig);
  },
  async createGuest(guest) {
    const response = await request(GUESTS_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(guest),
    });
    if (response.status === 409) return { kind: 'taken' };
    if (response.status === 400 || response.status === 422) return { kind: 'badName' };
    return { kind: 'created', guest: await checked(response, isGuestCreated) };
  },
};

/** `/problems/full` is of the code `full`. */
function problemCode(type: string): string {
  return type.slice(type.lastIndexOf('/') + 1);
}

async function request(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Error(t.connection.reasons.unreachable);
  }
}

async function checked<T>(response: Response, check: Check<T>): Promise<T> {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && check(body)) return body;
  if (!isProblem(body)) throw new Error(t.connection.reasons.notUnderstood);
  throw new Error(asReason(errorWords(problemCode(body.type), body.detail ?? body.title)));
}
