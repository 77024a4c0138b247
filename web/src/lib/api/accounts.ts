// The calls about accounts and devices.

import { hasShape, isBoolean, isListOf, isString, optional } from '../protocol/checks';
import {
  ME_PATH,
  PASSWORD_PATH,
  SESSIONS_PATH,
  USERS_PATH,
  type Device,
  type DeviceId,
  type DeviceList,
  type FormerName,
  type LoginRequest,
  type OnlineSession,
  type Profile,
  type RegisterRequest,
  type SessionCreated,
  type User,
  type UserId,
} from '../protocol/generated';
import { isNothing, type Answer, type Call } from './http';

/** Does one call, as whoever speaks. */
export type Calls = <T>(call: Call<T>) => Promise<Answer<T>>;

export const isUser = hasShape<User>({ id: isString, name: isString });

const isSessionCreated = hasShape<SessionCreated>({
  user: isUser,
  token: isString,
  device: isString,
  expires: isString,
});

const isDeviceList = hasShape<DeviceList>({
  devices: isListOf(
    hasShape<Device>({
      id: isString,
      name: isString,
      since: isString,
      lastSeen: isString,
      expires: isString,
      current: isBoolean,
      online: isListOf(hasShape<OnlineSession>({ session: isString, server: isString, since: isString })),
    }),
  ),
});

export const isProfile = hasShape<Profile>({
  user: isUser,
  account: isBoolean,
  email: optional(isString),
  created: isString,
  names: isListOf(hasShape<FormerName>({ name: isString, until: isString })),
});

export class AccountsApi {
  constructor(private readonly calls: Calls) {}

  /** With a guest's token the guest becomes the account. The browser has the cookie from then on. */
  register(body: RegisterRequest): Promise<Answer<SessionCreated>> {
    return this.calls({ method: 'POST', path: USERS_PATH, body, answer: isSessionCreated });
  }

  login(body: LoginRequest): Promise<Answer<SessionCreated>> {
    return this.calls({ method: 'POST', path: SESSIONS_PATH, body, answer: isSessionCreated });
  }

  logout(): Promise<Answer<undefined>> {
    return this.#delete(`${SESSIONS_PATH}/current`);
  }

  devices(): Promise<Answer<DeviceList>> {
    return this.calls({ method: 'GET', path: SESSIONS_PATH, answer: isDeviceList });
  }

  logoutDevice(device: DeviceId): Promise<Answer<undefined>> {
    return this.#delete(`${SESSIONS_PATH}/${encodeURIComponent(device)}`);
  }

  logoutOthers(): Promise<Answer<undefined>> {
    return this.#delete(`${SESSIONS_PATH}?others=true`);
  }

  profile(): Promise<Answer<Profile>> {
    return this.calls({ method: 'GET', path: ME_PATH, answer: isProfile });
  }

  rename(name: string): Promise<Answer<Profile>> {
    return this.calls({ method: 'PATCH', path: ME_PATH, body: { name }, answer: isProfile });
  }

  changePassword(old: string, next: string): Promise<Answer<undefined>> {
    return this.calls({ method: 'PUT', path: PASSWORD_PATH, body: { old, new: next }, answer: isNothing });
  }

  deleteAccount(password: string): Promise<Answer<undefined>> {
    return this.calls({ method: 'DELETE', path: ME_PATH, body: { password }, answer: isNothing });
  }

  user(id: UserId): Promise<Answer<User>> {
    return this.calls({ method: 'GET', path: `${USERS_PATH}/${encodeURIComponent(id)}`, answer: isUser });
  }

  #delete(path: string): Promise<Answer<undefined>> {
    return this.calls({ method: 'DELETE', path, answer: isNothing });
  }
}
