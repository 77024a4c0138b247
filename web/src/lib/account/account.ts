// Who this page speaks as: the account that the browser is logged in to, else the guest of this tab. The
// account's token is in a cookie that the page cannot read; what it keeps is only that there is one.

import type { AccountsApi } from '../api/accounts';
import type { Answer, Refusal } from '../api/http';
import { asReason } from '../i18n';
import type { Guest } from '../identity/guest';
import type { Store } from '../identity/store';
import { hasShape, isString } from '../protocol/checks';
import type { Profile, UserId, UserName } from '../protocol/generated';

const KEY = 'hubbub.account';

const isKept = hasShape<{ id: UserId }>({ id: isString });

/** The server does not know the cookie, or there is none any more. */
const GONE: readonly string[] = ['notLoggedIn', 'badToken'];

export interface AccountState {
  /** Of the account that is logged in; `undefined` for a guest. */
  readonly profile: Profile | undefined;
  /** Whether the account was logged out by somebody else, and nobody has taken note of it yet. */
  readonly endedElsewhere: boolean;
}

export interface AccountNeeds {
  readonly guest: Guest;
  readonly api: AccountsApi;
  /** Of the site: all tabs of a browser share its cookie. */
  readonly store: Store;
  readonly device: string;
  readonly changed: (state: AccountState) => void;
  /** The page is to connect again, as somebody else or under another token. */
  readonly speakAnew: () => void;
}

export class Account {
  #state: AccountState = { profile: undefined, endedElsewhere: false };
  /** Who is logged in, as far as this page knows. */
  #id: UserId | undefined;

  constructor(private readonly needs: AccountNeeds) {
    const kept = needs.store.read(KEY);
    if (isKept(kept)) this.#id = kept.id;
  }

  get state(): AccountState {
    return this.#state;
  }

  get id(): UserId | undefined {
    return this.#id ?? this.needs.guest.id;
  }

  /** What goes with a call: the guest's token, if there is one; an account's cookie goes by itself. */
  get bearer(): string | undefined {
    return this.#id === undefined ? this.needs.guest.known : undefined;
  }

  /** The guest's token; `undefined` for an account, whose cookie speaks. Fails with an Error in words. */
  async token(): Promise<string | undefined> {
    if (this.#id !== undefined && this.#state.profile === undefined) await this.#lookUp();
    if (this.#id !== undefined) return undefined;
    const token = await this.needs.guest.token();
    if (token === undefined) await this.#speakByCookie();
    return token;
  }

  /** The server did not know who spoke. */
  forget(): void {
    if (this.#id === undefined) this.needs.guest.forget();
    // Asked for again before the next connection: that shows whether one is still logged in.
    else this.#set({ ...this.#state, profile: undefined });
  }

  renamed(name: UserName): void {
    const { profile } = this.#state;
    if (profile === undefined) this.needs.guest.renamed(name);
    else this.#set({ ...this.#state, profile: { ...profile, user: { ...profile.user, name } } });
  }

  async register(email: string, password: string): Promise<Refusal | undefined> {
    const { api, device, guest } = this.needs;
    const answer = await api.register({ email, password, device });
    if (!answer.ok) return answer.refusal;
    // The guest is the account now: the next one to come without an account is somebody else.
    guest.clear();
    const refusal = await this.#loggedIn(answer.value.user.id);
    // Of an account this new, any other device is the guest that it was, whose token is not needed any more.
    await api.logoutOthers();
    return refusal;
  }

  async login(email: string, password: string): Promise<Refusal | undefined> {
    const answer = await this.needs.api.login({ email, password, device: this.needs.device });
    return answer.ok ? this.#loggedIn(answer.value.user.id) : answer.refusal;
  }

  async logout(): Promise<Refusal | undefined> {
    return this.#leave(await this.needs.api.logout());
  }

  async deleteAccount(password: string): Promise<Refusal | undefined> {
    return this.#leave(await this.needs.api.deleteAccount(password));
  }

  async rename(name: string): Promise<Refusal | undefined> {
    return this.#profileIn(await this.needs.api.rename(name));
  }

  /** Someone looks at the profile: the names of before are as the server has them now. */
  async refresh(): Promise<Refusal | undefined> {
    return this.#profileIn(await this.needs.api.profile());
  }

  /** Someone has read that they were logged out. */
  dismiss(): void {
    this.#set({ ...this.#state, endedElsewhere: false });
  }

  async #loggedIn(id: UserId): Promise<Refusal | undefined> {
    this.#id = id;
    this.needs.store.write(KEY, { id });
    this.#set({ profile: undefined, endedElsewhere: false });
    this.needs.speakAnew();
    return this.refresh();
  }

  /** One who was logged out already is so now as well. */
  #leave(answer: Answer<undefined>): Refusal | undefined {
    if (!answer.ok && !GONE.includes(answer.refusal.code)) return answer.refusal;
    this.#end(false);
    this.needs.speakAnew();
    return undefined;
  }

  async #lookUp(): Promise<void> {
    const refusal = await this.refresh();
    if (refusal !== undefined && this.#id !== undefined) throw new Error(asReason(refusal.words));
  }

  /** The server takes no guests, but users of another login: their cookie was set by that. */
  async #speakByCookie(): Promise<void> {
    const answer = await this.needs.api.profile();
    if (!answer.ok) throw new Error(asReason(answer.refusal.words));
    this.#id = answer.value.user.id;
    this.needs.store.write(KEY, { id: this.#id });
    this.#set({ profile: answer.value, endedElsewhere: false });
  }

  #profileIn(answer: Answer<Profile>): Refusal | undefined {
    if (answer.ok) {
      if (this.#id !== undefined) this.#set({ ...this.#state, profile: answer.value });
      return undefined;
    }
    if (this.#id !== undefined && GONE.includes(answer.refusal.code)) this.#end(true);
    return answer.refusal;
  }

  #end(elsewhere: boolean): void {
    this.#id = undefined;
    this.needs.store.write(KEY, null);
    this.#set({ profile: undefined, endedElsewhere: elsewhere });
  }

  #set(state: AccountState): void {
    this.#state = state;
    this.needs.changed(state);
  }
}
