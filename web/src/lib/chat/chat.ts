// The chat behind the page: keeps the session, the room and the outbox going, and tells each new state.

import type { Environment } from '../connection/environment';
import * as outboxes from '../connection/outbox';
import { Session, type Connection, type Credentials } from '../connection/session';
import { t } from '../i18n';
import { nextStop, stillTyping, TYPING_EVERY_MS } from '../people/typing';
import { isString } from '../protocol/checks';
import type { ClientFrame, MessageId, RoomName, ServerFrame, UserId, UserName } from '../protocol/generated';
import { checkText, nameProblem } from '../protocol/limits';
import type { Store } from '../identity/store';
import { updated } from '../rooms/rooms';
import type { RoomInAddress } from './address';
import {
  asAnother,
  inRoom,
  initialState,
  onClosed,
  onConnection,
  onFrame,
  shownRoom,
  type ChatState,
} from './state';

const OUTBOX_KEY = 'hubbub.outbox';
const DRAFT_KEY = 'hubbub.draft';

/** Who speaks, as the chat needs it. */
export interface Speaker extends Credentials {
  /** `undefined` until there is one. */
  readonly id: UserId | undefined;
  renamed(name: UserName): void;
}

export interface ChatNeeds {
  readonly environment: Environment;
  readonly store: Store;
  readonly speaker: Speaker;
  /** The room when the address names none. Fails with an Error that says in words why. */
  readonly defaultRoom: () => Promise<RoomName>;
  readonly newId: () => MessageId;
  /** The user's list of rooms is another: `now` when it was never fetched over this connection. */
  readonly roomsChanged: (when: 'now' | 'soon') => void;
  /** Told of every change. */
  readonly changed: (state: ChatState) => void;
}

export class Chat {
  #state: ChatState;
  #address: RoomInAddress = { room: undefined };
  readonly #session: Session;
  /** The rooms that this connection was told to be in. */
  #asked = new Set<RoomName>();
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
    const { outbox, shown, limits } = this.#state;
    if (!checkText(text, limits.textChars).sendable || outboxes.isFull(outbox)) return false;
    this.#typingSaidAt = -Infinity;
    this.#set({ ...this.#state, outbox: outboxes.add(outbox, this.needs.newId(), shown, text) });
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
      this.#set({ ...this.#state, rename: { kind: 'refused', problem: t.people.renameOffline } });
    }
  }

  /** The one who renames thinks better of it. */
  cancelRename(): void {
    this.#set({ ...this.#state, rename: { kind: 'none' } });
  }

  /** A key was pressed in the composer: the others are told, every few seconds. */
  typing(): void {
    const now = this.needs.environment.now();
    if (!shownRoom(this.#state).joined || now - this.#typingSaidAt < TYPING_EVERY_MS) return;
    this.#typingSaidAt = now;
    this.#session.send({ type: 'typing', room: this.#state.shown });
  }

  /** Connects again as whoever speaks now. */
  speakAnew(): void {
    this.#session.renew();
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
    if (name !== this.#state.shown) this.#typingSaidAt = -Infinity;
    this.#set(inRoom(this.#state, name, problem));
    this.#joinAndLeave();
  }

  /** Brings this connection into the rooms of the state and out of all others. */
  #joinAndLeave(): void {
    if (!this.#session.connected) return; // The next greeting has them all.
    const { rooms } = this.#state;
    for (const room of this.#asked) if (!rooms.has(room)) this.#session.send({ type: 'leave', room });
    for (const room of rooms.keys()) {
      if (!this.#asked.has(room)) this.#session.send({ type: 'join', room });
    }
    this.#asked = new Set(rooms.keys());
  }

  #greeting(token: string | undefined): ClientFrame[] {
    const { me } = this.#state;
    if (me !== undefined && me.id !== this.needs.speaker.id) this.#set(asAnother(this.#state));
    const rooms = [...this.#state.rooms.values()].map(({ room }) => room);
    this.#asked = new Set(this.#state.rooms.keys());
    const resume = rooms.flatMap(({ name: room, epoch, offset }) =>
      epoch === undefined ? [] : [{ room, epoch, offset }],
    );
    const joins = rooms.filter(({ epoch }) => epoch === undefined);
    return [
      {
        type: 'hello',
        ...(token === undefined ? {} : { token }),
        ...(resume.length > 0 ? { resume } : {}),
      },
      ...joins.map(({ name: room }): ClientFrame => ({ type: 'join', room })),
    ];
  }

  #connectionChanged(connection: Connection): void {
    this.#set(onConnection(this.#state, connection));
    // Someone went elsewhere between the greeting and the welcome.
    if (connection.kind === 'connected') this.#joinAndLeave();
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome' && frame.token !== undefined) {
      // A guest was made, since the cookie was gone by the time of the greeting.
      this.needs.speaker.forget();
      this.#session.restart(t.connection.reasons.BadToken);
      return;
    }
    if (frame.type === 'welcome') this.needs.roomsChanged('now');
    if (frame.type === 'roomsChanged') this.needs.roomsChanged('soon');
    const { state, restart } = onFrame(this.#state, frame, this.needs.environment);
    if (state.me !== undefined && state.me.name !== this.#state.me?.name)
      this.needs.speaker.renamed(state.me.name);
    this.#set(state);
    if (restart) {
      this.#session.restart(restart.reason, restart.atLeastMs);
      return;
    }
    this.#joinAndLeave();
    this.#flush();
  }

  /** Sends what is due, and comes back when more is. */
  #flush(): void {
    this.#cancelOutbox();
    const { now, after } = this.needs.environment;
    const times: number[] = [];
    for (const { room, joined } of this.#state.rooms.values()) {
      if (!joined) continue;
      const { outbox, due, nextAt } = outboxes.takeDue(this.#state.outbox, room.name, now());
      if (due.length > 0) this.#set({ ...this.#state, outbox });
      for (const { id, text } of due) this.#session.send({ type: 'send', id, room: room.name, text });
      if (nextAt !== undefined) times.push(nextAt);
    }
    if (times.length > 0) {
      this.#cancelOutbox = after(Math.min(...times) - now(), () => {
        this.#flush();
      });
    }
  }

  #set(state: ChatState): void {
    const before = this.#state;
    this.#state = state;
    if (state.outbox !== before.outbox) this.needs.store.write(OUTBOX_KEY, outboxes.toKeep(state.outbox));
    if (shownRoom(state).typing !== shownRoom(before).typing) this.#watchTyping();
    this.needs.changed(state);
  }

  /** Only where it is seen: elsewhere it is looked at when someone goes there. */
  #watchTyping(): void {
    this.#cancelTyping();
    const stop = nextStop(shownRoom(this.#state).typing);
    if (stop === undefined) return;
    const { now, after } = this.needs.environment;
    this.#cancelTyping = after(stop - now(), () => {
      const { rooms, shown } = this.#state;
      const still = updated(rooms, shown, (open) => ({ ...open, typing: stillTyping(open.typing, now()) }));
      this.#set({ ...this.#state, rooms: still });
    });
  }
}

function nothing(): void {
  // Nothing is under way that could be called off.
}
