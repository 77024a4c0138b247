// The chat behind the page: keeps the session, the room and the outbox going, and tells each new state.

import type { Environment } from '../connection/environment';
import * as outboxes from '../connection/outbox';
import { Session, type Connection, type Credentials } from '../connection/session';
import { nextStop, stillTyping, TYPING_EVERY_MS } from '../people/typing';
import { isString } from '../protocol/checks';
import type { ClientFrame, MessageId, RoomName, ServerFrame, UserName } from '../protocol/generated';
import { checkText, nameProblem } from '../protocol/limits';
import type { Store } from '../identity/store';
import type { RoomInAddress } from './address';
import { inRoom, initialState, onClosed, onConnection, onFrame, type ChatState } from './state';

const OUTBOX_KEY = 'hubbub.outbox';
const DRAFT_KEY = 'hubbub.draft';

/** The guest as the chat needs it. */
export interface Speaker extends Credentials {
  renamed(name: UserName): void;
}

export interface ChatNeeds {
  readonly environment: Environment;
  readonly store: Store;
  readonly speaker: Speaker;
  /** The room when the address names none. Fails with an Error that says in words why. */
  readonly defaultRoom: () => Promise<RoomName>;
  readonly newId: () => MessageId;
  /** Told of every change. */
  readonly changed: (state: ChatState) => void;
}

export class Chat {
  #state: ChatState;
  #address: RoomInAddress = { room: undefined };
  readonly #session: Session;
  /** The room in the greeting of this connection. */
  #greeted: RoomName = '';
  #typingSaidAt = -Infinity;
  #cancelOutbox: () => void = nothing;
  #cancelTyping: () => void = nothing;

  constructor(private readonly needs: ChatNeeds) {
    this.#state = initialState(outboxes.fromKept(needs.store.read(OUTBOX_KEY)));
    const credentials: Credentials = {
      token: async () => {
        await this.#enterDefaultRoom();
        return needs.speaker.token();
      },
      forget: () => {
        needs.speaker.forget();
      },
    };
    this.#session = new Session(needs.environment, credentials, {
      changed: (connection) => {
        this.#connectionChanged(connection);
      },
      greeting: (token) => this.#greeting(token),
      frame: (frame) => {
        this.#frame(frame);
      },
      closed: (reason) => {
        this.#set(onClosed(this.#state, reason, needs.environment.now()));
      },
    });
  }

  get state(): ChatState {
    return this.#state;
  }

  start(address: RoomInAddress): void {
    this.goTo(address);
    this.#session.start();
  }

  end(): void {
    this.#session.end();
    this.#cancelOutbox();
    this.#cancelTyping();
  }

  /** Into the room of another address. */
  goTo(address: RoomInAddress): void {
    this.#address = address;
    if (address.room !== undefined) this.#enter(address.room, address.problem);
    else void this.#enterDefaultRoom().catch(nothing); // The session tries again, and says so.
  }

  /** Sends a text now or as soon as it can be. False when it is none that can be sent, or too much waits. */
  send(text: string): boolean {
    const { outbox, room, limits } = this.#state;
    if (!checkText(text, limits.textChars).sendable || outboxes.isFull(outbox)) return false;
    this.#typingSaidAt = -Infinity;
    this.#set({ ...this.#state, outbox: outboxes.add(outbox, this.needs.newId(), room.name, text) });
    this.#flush();
    return true;
  }

  /** What was being written when the page was reloaded. */
  draft(): string {
    const draft = this.needs.store.read(DRAFT_KEY);
    return isString(draft) ? draft : '';
  }

  keepDraft(text: string): void {
    this.needs.store.write(DRAFT_KEY, text);
  }

  /** Sends one that was refused, or waits, at once. */
  retry(id: MessageId): void {
    this.#set({ ...this.#state, outbox: outboxes.retry(this.#state.outbox, id) });
    this.#flush();
  }

  /** Someone gave up a message that could not be sent. */
  discard(id: MessageId): void {
    this.#set({ ...this.#state, outbox: outboxes.without(this.#state.outbox, [id]) });
    this.#flush();
  }

  rename(name: string): void {
    const problem = nameProblem(name, this.#state.limits.nameChars);
    if (problem !== undefined) {
      this.#set({ ...this.#state, rename: { kind: 'refused', problem } });
    } else if (this.#session.send({ type: 'rename', name: name.trim() })) {
      this.#set({ ...this.#state, rename: { kind: 'asked', name: name.trim() } });
    } else {
      const offline = 'The name can be changed once the connection is back.';
      this.#set({ ...this.#state, rename: { kind: 'refused', problem: offline } });
    }
  }

  /** The one who renames thinks better of it. */
  cancelRename(): void {
    this.#set({ ...this.#state, rename: { kind: 'none' } });
  }

  /** A key was pressed in the composer: the others are told, every few seconds. */
  typing(): void {
    const now = this.needs.environment.now();
    if (!this.#state.joined || now - this.#typingSaidAt < TYPING_EVERY_MS) return;
    this.#typingSaidAt = now;
    this.#session.send({ type: 'typing', room: this.#state.room.name });
  }

  reconnectNow(): void {
    this.#session.reconnectNow();
  }

  async #enterDefaultRoom(): Promise<void> {
    const address = this.#address;
    if (address.room !== undefined) return;
    const room = await this.needs.defaultRoom();
    // The address may have changed meanwhile.
    if (this.#address === address) this.#enter(room, address.problem);
  }

  #enter(name: RoomName, problem: string | undefined): void {
    const before = this.#state.room.name;
    this.#set(inRoom(this.#state, name, problem));
    if (before !== name) this.#move(before, name);
  }

  /** Says nothing while there is no connection: the next greeting has the room. */
  #move(from: RoomName, to: RoomName): void {
    if (from !== '') this.#session.send({ type: 'leave', room: from });
    this.#session.send({ type: 'join', room: to });
  }

  #greeting(token: string): ClientFrame[] {
    const { name: room, epoch, offset } = this.#state.room;
    this.#greeted = room;
    if (epoch !== undefined) return [{ type: 'hello', token, resume: [{ room, epoch, offset }] }];
    return [
      { type: 'hello', token },
      { type: 'join', room },
    ];
  }

  #connectionChanged(connection: Connection): void {
    this.#set(onConnection(this.#state, connection));
    const { name } = this.#state.room;
    // Someone went elsewhere between the greeting and the welcome.
    if (connection.kind === 'connected' && name !== this.#greeted) this.#move(this.#greeted, name);
  }

  #frame(frame: ServerFrame): void {
    const { state, restart } = onFrame(this.#state, frame, this.needs.environment);
    if (state.me !== undefined && state.me.name !== this.#state.me?.name)
      this.needs.speaker.renamed(state.me.name);
    this.#set(state);
    if (restart) this.#session.restart(restart.reason, restart.atLeastMs);
    else this.#flush();
  }

  /** Sends what is due, and comes back when more is. */
  #flush(): void {
    this.#cancelOutbox();
    if (!this.#state.joined) return;
    const { now, after } = this.needs.environment;
    const { outbox, due, nextAt } = outboxes.takeDue(this.#state.outbox, this.#state.room.name, now());
    if (due.length > 0) this.#set({ ...this.#state, outbox });
    for (const { id, room, text } of due) this.#session.send({ type: 'send', id, room, text });
    if (nextAt !== undefined) {
      this.#cancelOutbox = after(nextAt - now(), () => {
        this.#flush();
      });
    }
  }

  #set(state: ChatState): void {
    const before = this.#state;
    this.#state = state;
    if (state.outbox !== before.outbox) this.needs.store.write(OUTBOX_KEY, outboxes.toKeep(state.outbox));
    if (state.typing !== before.typing) this.#watchTyping();
    this.needs.changed(state);
  }

  #watchTyping(): void {
    this.#cancelTyping();
    const stop = nextStop(this.#state.typing);
    if (stop === undefined) return;
    const { now, after } = this.needs.environment;
    this.#cancelTyping = after(stop - now(), () => {
      this.#set({ ...this.#state, typing: stillTyping(this.#state.typing, now()) });
    });
  }
}

function nothing(): void {
  // Nothing is under way that could be called off.
}
