// What the connection needs of the world. The browser's is in browser.ts; tests bring their own.

export interface SocketEvents {
  opened(): void;
  received(text: string): void;
  /** Once, and last. */
  closed(code: number, reason: string): void;
}

export interface Socket {
  send(text: string): void;
  close(code: number): void;
}

export interface Environment {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Calls `action` once after so many milliseconds; the answer calls it off. */
  readonly after: (milliseconds: number, action: () => void) => () => void;
  readonly connect: (events: SocketEvents) => Socket;
}
