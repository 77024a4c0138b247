// The page's parts with everything that they need of the browser.

import { Account, type AccountState } from '../account/account';
import { deviceName } from '../account/device';
import { AccountsApi, type Calls } from '../api/accounts';
import { olderMessages } from '../api/history';
import { call, orFail, type Fetch } from '../api/http';
import { RoomsApi } from '../api/rooms';
import { browserEnvironment } from '../connection/browser';
import { Guest } from '../identity/guest';
import { localName, nameAddress, newName } from '../identity/naming';
import { httpServer } from '../identity/server';
import { storeIn } from '../identity/store';
import type { PageConfig } from '../protocol/generated';
import { Mine } from '../rooms/mine';
import { roomInAddress } from './address';
import { Chat } from './chat';
import type { ChatState } from './state';

/** Told of every change. */
export interface Changes {
  readonly chat: (state: ChatState) => void;
  readonly account: (state: AccountState) => void;
}

export interface Parts {
  readonly chat: Chat;
  readonly account: Account;
  readonly accounts: AccountsApi;
  readonly rooms: RoomsApi;
  readonly mine: Mine;
}

/** For this tab; the chat is not started yet. */
export function browserParts(changes: Changes): Parts {
  const tab = storeIn(() => sessionStorage);
  const get: Fetch = (path, init) => fetch(path, init);
  const server = httpServer(get);
  const config = onceDone(() => server.config());
  const guest = new Guest({
    server,
    store: tab,
    newId,
    newName: async () => {
      const { nameApi } = await config();
      return newName(nameAddress(nameApi, location.href), get, Math.random);
    },
    safeName: () => localName(Math.random),
  });
  const calls: Calls = (wanted) => call(get, account.bearer, wanted);
  const accounts = new AccountsApi(calls);
  const account: Account = new Account({
    guest,
    api: accounts,
    store: storeIn(() => localStorage),
    device: deviceName(navigator.userAgent),
    changed: changes.account,
    speakAnew: () => {
      chat.speakAnew();
    },
  });
  const rooms = new RoomsApi(calls);
  const mine: Mine = new Mine({
    environment: browserEnvironment,
    api: rooms,
    changed: (list) => {
      chat.listed(list);
    },
  });
  const chat: Chat = new Chat({
    environment: browserEnvironment,
    store: tab,
    speaker: account,
    defaultRoom: async () => (await config()).defaultRoom,
    directRoom: async (user) => {
      const answer = await rooms.direct(user);
      return answer.ok ? { ok: true, value: answer.value.room } : answer;
    },
    moved: (room) => {
      history.replaceState(null, '', `/#${encodeURIComponent(room)}`);
    },
    olderMessages: async (room, before, limit) => orFail(await calls(olderMessages(room, before, limit))),
    newId,
    roomsChanged: (when) => {
      if (when === 'now') void mine.refresh();
      else mine.refreshSoon();
    },
    putOut: (room) => {
      mine.putOut(room);
    },
    changed: changes.chat,
  });
  return { chat, account, accounts, rooms, mine };
}

/** Starts the chat and tells it what happens to the page. The answer ends it. */
export function keepRunning({ chat, mine }: Pick<Parts, 'chat' | 'mine'>): () => void {
  const moved = (): void => {
    chat.goTo(roomInAddress(location.href));
  };
  const online = (): void => {
    chat.reconnectNow();
  };
  addEventListener('hashchange', moved);
  addEventListener('online', online);
  chat.start(roomInAddress(location.href));
  return () => {
    removeEventListener('hashchange', moved);
    removeEventListener('online', online);
    chat.end();
    mine.end();
  };
}

/** What succeeded is kept; what failed is tried again by the next one who asks. */
function onceDone(load: () => Promise<PageConfig>): () => Promise<PageConfig> {
  let loaded: Promise<PageConfig> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** A random GUID. `crypto.randomUUID` would do, but is missing on pages that came over plain HTTP. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // Version 4, variant 1: RFC 9562, 5.4.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
