// A world for tests: a clock that is moved by hand, and sockets whose other end the test holds.

import type { ClientFrame, ServerFrame } from '../protocol/generated';
import type { Environment, Socket, SocketEvents } from './environment';

export class FakeSocket implements Socket {
  readonly sent: ClientFrame[] = [];
  closedWith: number | undefined;

  constructor(readonly events: SocketEvents) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(code: number): void {
    this.closedWith = code;
  }

  receive(...frames: ServerFrame[]): void {
    this.events.received(frames.map((frame) => JSON.stringify(frame)).join('\n'));
  }
}

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

export class FakeEnvironment implements Environment {
  time = 1_000_000;
  /** What `random` answers. */
  chance = 0.5;
  readonly sockets: FakeSocket[] = [];
  #timers: Timer[] = [];

  now = (): number => this.time;
  random = (): number => this.chance;

  after = (milliseconds: number, action: () => void): (() => void) => {
    const timer = { at: this.time + milliseconds, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  connect = (events: SocketEvents): FakeSocket => {
    const socket = new FakeSocket(events);
    this.sockets.push(socket);
    return socket;
  };

  /** The socket that was opened last. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  /** Moves the clock on, runs what is due on the way, and lets promises settle. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    await settled();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.action();
      await settled();
    }
    this.time = end;
  }
}

/** Lets promises that are ready run: each turn of the loop runs all microtasks before the next. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
