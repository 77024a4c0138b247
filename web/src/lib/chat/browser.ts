// The chat with everything that it needs of the browser.

import { browserEnvironment } from '../connection/browser';
import { Guest } from '../identity/guest';
import { localName, nameAddress, newName } from '../identity/naming';
import { httpServer } from '../identity/server';
import { storeIn } from '../identity/store';
import type { PageConfig } from '../protocol/generated';
import { roomInAddress } from './address';
import { Chat } from './chat';
import type { ChatState } from './state';

/** A chat for this tab, not started yet. */
export function browserChat(changed: (state: ChatState) => void): Chat {
  const store = storeIn(() => sessionStorage);
  const config = onceDone(() => httpServer.config());
  const speaker = new Guest({
    server: httpServer,
    store,
    newId,
    newName: async () => {
      const { nameApi } = await config();
      return newName(nameAddress(nameApi, location.href), (...request) => fetch(...request), Math.random);
    },
    safeName: () => localName(Math.random),
  });
  return new Chat({
    environment: browserEnvironment,
    store,
    speaker,
    defaultRoom: async () => (await config()).defaultRoom,
    newId,
    changed,
  });
}

/** Starts the chat and tells it what happens to the page. The answer ends it. */
export function keepRunning(chat: Chat): () => void {
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
