// What a tab keeps over a reload. Every tab is another guest, so it is the tab's storage and not the site's.

import { parseJson } from '../protocol/checks';

export interface Store {
  /** What was kept under the key; `undefined` for nothing, or nothing readable. */
  read(key: string): unknown;
  write(key: string, value: unknown): void;
}

/** A browser may refuse storage, or have none left: then the tab forgets at its reload, and nothing else. */
export function storeIn(storage: () => Storage): Store {
  return {
    read(key) {
      try {
        const text = storage().getItem(key);
        return text === null ? undefined : parseJson(text);
      } catch {
        return undefined;
      }
    },
    write(key, value) {
      try {
        storage().setItem(key, JSON.stringify(value));
      } catch {
        // See above.
      }
    },
  };
}

/** Forgets at once; for tests. */
export function storeInMemory(): Store {
  const values = new Map<string, string>();
  return {
    read: (key) => parseJson(values.get(key) ?? ''),
    write: (key, value) => {
      values.set(key, JSON.stringify(value));
    },
  };
}
