// Keeps one session with some server: connects, greets, notices a dead socket, waits, comes back, moves to another server
// when it is told to. Knows nothing of rooms: what to say first and what frames mean is for others.

import { t } from '../i18n';
import { closeReason, mayReturn, MOVING } from '../protocol/close';
import { decodeFrames, encodeFrame, type Frame } from '../protocol/frames';
import { CLOSE_CODES, type ClientFrame, type ServerFrame } from '../protocol/generated';
import { backoff } from './backoff';
import type { Environment, Socket } from './environment';

/** From the attempt to connect until `welcome`. As long as the server waits for `hello`. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** After so much silence the page asks whether the server is there. Proxies cut idle sockets after 60 s. */
export const IDLE_MS = 25_000;
/** And for so long it waits for an answer: two lost packets are sent again well within it. */
export const PONG_TIMEOUT_MS = 10_000;
/** A connection that lasted as long was a good one: the next failure is the first again. */
export const GOOD_AFTER_MS = 10_000;

export type Connection =
  | { readonly kind: 'connecting'; readonly moving: boolean }
  | { readonly kind: 'connected'; readonly server: string }
  | { readonly kind: 'waiting'; readonly retryAt: number; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string };

/** Who speaks. */
export interface Credentials {
  /** A token; `undefined` when the browser's cookie speaks. Fails with an Error that says why in words. */
  token(): Promise<string | undefined>;
  /** The server does not know the token: the next one has to be new. */
  forget(): void;
}

export interface SessionListener {
  changed(connection: Connection): void;
  /** The first frames of a connection. */
  greeting(token: string | undefined): ClientFrame[];
  frame(frame: ServerFrame): void;
  /** An established session ended, for a reason in words. Not called when the page itself moves. */
  closed(reason: string): void;
}

/** The server asked the page to go to another one. */
interface Move {
  /** In words. */
  readonly because: string;
  /** Sockets that could not be opened for it. */
  readonly failures: number;
  /** Takes over when it is open. Until then the session goes on where it is. */
  successor: Socket | undefined;
}

export class Session {
  #connection: Connection = { kind: 'connecting', moving: false };
  #socket: Socket | undefined;
  /** Failures since the last good connection. */
  #failures = 0;
  #connectedAt: number | undefined;
  /** Whether a session was there whose end was not told yet. A move that succeeds has nothing to tell. */
  #established = false;
  /** Why the page left a server by itself: what is told when no other takes it. */
  #leftBecause: string | undefined;
  /** Counts attempts: what an older one still brings is ignored. */
  #attempt = 0;
  #cancelTimer: () => void = nothing;
  #move: Move | undefined;
  /** Calls off what the move waits for. */
  #cancelMove: () => void = nothing;

  constructor(
    private readonly environment: Environment,
    private readonly credentials: Credentials,
    private readonly listener: SessionListener,
  ) {}

  get connected(): boolean {
    return this.#connection.kind === 'connected';
  }

  start(): void {
    this.#connect();
  }

  /** Leaves for good, as when the page goes. */
  end(): void {
    this.#abandon(1000);
    this.#change({ kind: 'stopped', reason: t.connection.reasons.pageLeft });
  }

  /** Sends if connected, and says whether it did. */
  send(frame: ClientFrame): boolean {
    if (!this.connected) return false;
    this.#socket?.send(encodeFrame(frame));
    return true;
  }

  /** Someone is tired of waiting, or the network is back. */
  reconnectNow(): void {
    if (this.#connection.kind === 'waiting' || this.#connection.kind === 'stopped') this.#connect();
  }

  /** Someone else speaks from now on: a goodbye, and a new greeting. */
  renew(): void {
    this.#abandon(1000);
    this.#established = false;
    this.#failures = 0;
    this.#connect();
  }

  /** What this connection brought can't be gone on with: come back, after `atLeastMs`, and resume. */
  restart(reason: string, atLeastMs = 0): void {
    if (this.#socket === undefined) return;
    this.#lost(reason, atLeastMs);
  }

  #connect(): void {
    this.#abandon(MOVING);
    this.#change({ kind: 'connecting', moving: false });
    this.#withToken(
      (token) => {
        this.#greetOn(this.#dial(token));
      },
      (reason) => {
        this.#lost(reason);
      },
    );
  }

  /** Unless it was abandoned meanwhile. */
  #withToken(then: (token: string | undefined) => void, otherwise: (reason: string) => void): void {
    const attempt = this.#attempt;
    this.credentials.token().then(
      (token) => {
        if (attempt === this.#attempt) then(token);
      },
      (error: unknown) => {
        if (attempt === this.#attempt) otherwise(error instanceof Error ? error.message : String(error));
      },
    );
  }

  /** Opens a socket. What it brings counts while it is the session's, or that of the move. */
  #dial(token: string | undefined): Socket {
    const isOurs = (): boolean => socket === this.#socket;
    const socket = this.environment.connect({
      opened: () => {
        if (socket === this.#move?.successor) this.#takeOver(this.#move, socket);
        if (!isOurs()) return;
        for (const frame of this.listener.greeting(token)) socket.send(encodeFrame(frame));
      },
      received: (text) => {
        // A frame may end this connection: what came behind it is for the next one to bring again.
        for (const frame of decodeFrames(text)) if (isOurs()) this.#received(frame);
        if (isOurs() && this.connected) this.#watchForSilence();
      },
      closed: (code, reason) => {
        if (isOurs()) this.#closed(code, reason);
        else if (socket === this.#move?.successor) this.#moveFailed(this.#move);
      },
    });
    return socket;
  }

  #greetOn(socket: Socket): void {
    this.#socket = socket;
    this.#timer(WELCOME_TIMEOUT_MS, () => {
      this.#lost(t.connection.reasons.noAnswer);
    });
  }

  #received(frame: ServerFrame): void {
    if (frame.type === 'welcome') {
      this.#connectedAt = this.environment.now();
      this.#established = true;
      this.#leftBecause = undefined;
      const attempt = this.#attempt;
      // Before the change, so that whoever hears of it knows already who is who.
      this.listener.frame(frame);
      // Whoever was greeted may be the wrong one: then this connection is over already.
      if (attempt !== this.#attempt) return;
      this.#change({ kind: 'connected', server: frame.server });
      return;
    }
    if (frame.type === 'reconnect') this.#moveLater(frame);
    this.listener.frame(frame);
  }

  /** The server told when to go: no failure, so no backoff. */
  #moveLater(frame: Frame<'reconnect'>): void {
    this.#endMove();
    const because = closeReason(CLOSE_CODES.Drain, frame.reason);
    this.#moveAfter(frame.delayMs, { because, failures: 0, successor: undefined });
  }

  #moveAfter(milliseconds: number, move: Move): void {
    this.#move = move;
    this.#cancelMove = this.environment.after(milliseconds, () => {
      this.#withToken(
        (token) => {
          if (move !== this.#move) return;
          move.successor = this.#dial(token);
          this.#cancelMove = this.environment.after(WELCOME_TIMEOUT_MS, () => {
            this.#moveFailed(move);
          });
        },
        () => {
          if (move === this.#move) this.#moveFailed(move);
        },
      );
    });
  }

  /** No other server can be reached now: the session goes on where it is, and tries again. */
  #moveFailed({ because, failures }: Move): void {
    this.#endMove();
    const wait = backoff(failures, this.environment.random());
    this.#moveAfter(wait, { because, failures: failures + 1, successor: undefined });
  }

  #takeOver(move: Move, successor: Socket): void {
    this.#move = undefined;
    this.#cancelMove();
    this.#abandon(MOVING);
    this.#leftBecause = move.because;
    this.#change({ kind: 'connecting', moving: true });
    this.#greetOn(successor);
  }

  #endMove(): void {
    this.#cancelMove();
    this.#move?.successor?.close(1000);
    this.#move = undefined;
  }

  #watchForSilence(): void {
    this.#timer(IDLE_MS, () => {
      this.send({ type: 'ping' });
      this.#timer(PONG_TIMEOUT_MS, () => {
        this.#gone(t.connection.reasons.silence);
      });
    });
  }

  #closed(code: number, serverReason: string): void {
    const reason = closeReason(code, serverReason);
    if (code === CLOSE_CODES.BadToken) {
      this.credentials.forget();
      // Whoever is on its way has the same one.
      this.#endMove();
    } else if (!mayReturn(code)) {
      this.#abandon(1000);
      this.#change({ kind: 'stopped', reason });
      this.#tellEnd(reason);
      return;
    }
    this.#gone(reason);
  }

  /** The server is there no more. The one that the page was told to move to may be on its way already. */
  #gone(reason: string): void {
    if (this.#move?.successor !== undefined) this.#takeOver(this.#move, this.#move.successor);
    else this.#lost(reason);
  }

  #lost(reason: string, atLeastMs = 0): void {
    this.#abandon(MOVING);
    const wait = Math.max(atLeastMs, backoff(this.#failures, this.environment.random()));
    this.#failures += 1;
    this.#change({ kind: 'waiting', retryAt: this.environment.now() + wait, reason });
    this.#timer(wait, () => {
      this.#connect();
    });
    this.#tellEnd(reason);
  }

  #tellEnd(reason: string): void {
    if (!this.#established) return;
    this.#established = false;
    this.listener.closed(this.#leftBecause ?? reason);
  }

  /** Lets go of the socket and of all that waits; nothing of it will be heard of again. */
  #abandon(code: number): void {
    this.#attempt += 1;
    this.#cancelTimer();
    this.#endMove();
    const now = this.environment.now();
    if (this.#connectedAt !== undefined && now - this.#connectedAt >= GOOD_AFTER_MS) this.#failures = 0;
    this.#connectedAt = undefined;
    this.#socket?.close(code);
    this.#socket = undefined;
  }

  #timer(milliseconds: number, action: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.environment.after(milliseconds, action);
  }

  #change(connection: Connection): void {
    this.#connection = connection;
    this.listener.changed(connection);
  }
}

function nothing(): void {
  // A timer that is not running needs no calling off.
}
