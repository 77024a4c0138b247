// The chat behind the page: keeps the session, the room and the outbox going, and tells each new state.

import type { Answer } from '../api/http';
import type { Environment } from '../connection/environment';
import * as outboxes from '../connection/outbox';
import { Session, type Connection, type Credentials } from '../connection/session';
import { t } from '../i18n';
import { nextStop, stillTyping, TYPING_EVERY_MS } from '../people/typing';
import { isString } from '../protocol/checks';
import type {
  ClientFrame,
  EventPage,
  Message,
  MessageId,
  MyRoom,
  RoomName,
  ServerFrame,
  UserId,
  UserName,
} from '../protocol/generated';
import { checkText, nameProblem } from '../protocol/limits';
import type { Store } from '../identity/store';
import { updated } from '../rooms/rooms';
import type { RoomInAddress } from './address';
import { toRepeat, type Change } from './changes';
import { Reading } from './reading';
import {
  asAnother,
  inRoom,
  initialState,
  onClosed,
  onConnection,
  onFrame,
  onLookedAway,
  onMine,
  onOlder,
  onOlderAsked,
  onOlderFailed,
  onSeen,
  shownRoom,
  type ChatState,
} from './state';

const OUTBOX_KEY = 'hubbub.outbox';
/** How many events a page of older messages has: some screens, and a fraction of a second. */
const OLDER_PAGE = 200;
/** And as many as the server puts into one at most. */
const LARGEST_PAGE = 500;
/** How many events of a room come along that is not looked at: a first screen for whoever goes there. */
const BEHIND_PAGE = 20;

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
  /** The room of the two: the one who speaks, and this user. */
  readonly directRoom: (user: UserId) => Promise<Answer<RoomName>>;
  /** The address is to name this room from now on. */
  readonly moved: (room: RoomName) => void;
  /** A page of what was said before an offset. Fails with an Error that says in words why. */
  readonly olderMessages: (room: RoomName, before: number, limit: number) => Promise<EventPage>;
  readonly newId: () => MessageId;
  /** The user's list of rooms is another: `now` when it was never fetched over this connection. */
  readonly roomsChanged: (when: 'now' | 'soon') => void;
  /** The user was put out of this room, or it is no more. */
  readonly putOut: (room: RoomName) => void;
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
  readonly #reading: Reading;

  constructor(private readonly needs: ChatNeeds) {
    this.#state = initialState(outboxes.fromKept(needs.store.read(OUTBOX_KEY)));
    this.#reading = new Reading(
      needs.environment,
      (room, offset) =>
        this.#state.rooms.get(room)?.joined === true && this.#session.send({ type: 'read', room, offset }),
    );
    const credentials: Credentials = {
      token: async () => {
        await this.#enterDefaultRoom();
        const token = await needs.speaker.token();
        // Only somebody can talk to somebody.
        await this.#enterDirectRoom();
        return token;
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
    this.#reading.end();
  }

  /** Into the room of another address. */
  goTo(address: RoomInAddress): void {
    this.#address = address;
    if (address.room !== undefined) this.#enter(address.room, address.problem);
    else void this.#enterDefaultRoom().catch(nothing); // The session tries again, and says so.
    if (this.#session.connected) void this.#enterDirectRoom();
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

  /** What was being written in a room when it was left, or the page was reloaded. */
  draft(room: RoomName): string {
    const draft = this.needs.store.read(draftKey(room));
    return isString(draft) ? draft : '';
  }

  keepDraft(room: RoomName, text: string): void {
    this.needs.store.write(draftKey(room), text);
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

  /** Gives one of one's own messages another text. False when it is none that can be sent. */
  edit({ room, offset, id: message }: Message, text: string): boolean {
    if (!checkText(text, this.#state.limits.textChars).sendable) return false;
    this.#change({ type: 'edit', id: this.needs.newId(), room, offset, message, text });
    return true;
  }

  /** Takes one of one's own messages away, for everyone. */
  delete({ room, offset, id: message }: Message): void {
    this.#change({ type: 'delete', id: this.needs.newId(), room, offset, message });
  }

  /** Reacts to a message, or takes the reaction back. */
  react({ room, offset, id: message }: Message, emoji: string, on: boolean): void {
    this.#change({ type: 'react', id: this.needs.newId(), room, offset, message, emoji, on });
  }

  /** Someone read why a change was not done. */
  forgetChangeProblem(): void {
    this.#set({ ...this.#state, changeProblem: undefined });
  }

  #change(change: Change): void {
    this.#set({ ...this.#state, changes: [...this.#state.changes, change], changeProblem: undefined });
    if (this.#state.rooms.get(change.room)?.joined === true) this.#session.send(change);
  }

  /**
   * Fetches a page of what was said before, unless that is under way or all is here. A larger one for who wants to
   * go back as far as to the offset `backTo`.
   */
  loadOlder(backTo = Infinity): void {
    const { room, older } = shownRoom(this.#state);
    if (older.kind === 'loading' || room.complete || room.epoch === undefined) return;
    const limit = Math.min(Math.max(OLDER_PAGE, room.oldest - backTo), LARGEST_PAGE);
    void this.#loadOlder(room.name, limit);
  }

  async #loadOlder(name: RoomName, limit: number): Promise<void> {
    this.#set(onOlderAsked(this.#state, name));
    for (;;) {
      const before = this.#state.rooms.get(name)?.room.oldest;
      if (before === undefined) return;
      try {
        const page = await this.needs.olderMessages(name, before, limit);
        const next = onOlder(this.#state, name, page);
        if (next === undefined) continue;
        this.#set(next);
      } catch (error) {
        this.#set(onOlderFailed(this.#state, name, error instanceof Error ? error.message : String(error)));
      }
      return;
    }
  }

  /** Somebody looks at the room that is shown, and saw all up to `offset`. The server is told now and then. */
  saw(offset: number): void {
    const { shown } = this.#state;
    const next = onSeen(this.#state, shown, offset);
    if (next === this.#state) return;
    this.#set(next);
    this.#reading.saw(shown, offset);
  }

  /** The user's own list of rooms came: all of them are entered, so that their unread counts are live. */
  listed(rooms: readonly MyRoom[]): void {
    this.#set(onMine(this.#state, rooms));
    this.#joinAndLeave();
  }

  /** The page is out of sight: what comes from now on is new when somebody looks again. */
  lookedAway(): void {
    this.#set(onLookedAway(this.#state));
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
    if (address.room !== undefined || address.user !== undefined) return;
    const room = await this.needs.defaultRoom();
    // The address may have changed meanwhile.
    if (this.#address === address) this.#enter(room, address.problem);
  }

  /** To the room with the one whom the address names; to the default one when that cannot be. */
  async #enterDirectRoom(): Promise<void> {
    const address = this.#address;
    if (address.user === undefined) return;
    const answer = await this.needs.directRoom(address.user);
    if (this.#address !== address) return;
    if (answer.ok) this.needs.moved(answer.value);
    this.goTo(answer.ok ? { room: answer.value } : { room: undefined, problem: answer.refusal.words });
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
    const wanted = [...rooms.values()].filter(({ barred }) => barred === undefined);
    for (const { room } of wanted) {
      if (!this.#asked.has(room.name)) this.#session.send(this.#join(room.name));
    }
    this.#asked = new Set(wanted.map(({ room }) => room.name));
  }

  #greeting(token: string | undefined): ClientFrame[] {
    const { me } = this.#state;
    if (me !== undefined && me.id !== this.needs.speaker.id) this.#set(asAnother(this.#state));
    // The one that is looked at comes first.
    const rooms = [...this.#state.rooms.values()]
      .map(({ room }) => room)
      .sort((a, b) => Number(b.name === this.#state.shown) - Number(a.name === this.#state.shown));
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
      ...joins.map(({ name }) => this.#join(name)),
    ];
  }

  #join(room: RoomName): ClientFrame {
    return room === this.#state.shown ? { type: 'join', room } : { type: 'join', room, history: BEHIND_PAGE };
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
    // Who reads in a room for the first time has it on the list from then on.
    if (frame.type === 'read' && this.#state.mine?.every(({ info }) => info.room !== frame.room) === true)
      this.needs.roomsChanged('now');
    const { state, restart } = onFrame(this.#state, frame, this.needs.environment);
    if (state.me !== undefined && state.me.name !== this.#state.me?.name)
      this.needs.speaker.renamed(state.me.name);
    this.#set(state);
    if (frame.type === 'left' && frame.reason !== undefined) {
      // No goodbye is due any more.
      this.#asked.delete(frame.room);
      this.needs.putOut(frame.room);
    }
    if (restart) {
      this.#session.restart(restart.reason, restart.atLeastMs);
      return;
    }
    if (frame.type === 'joined') this.#repeatChanges(frame.room);
    if (frame.type === 'joined') this.#reading.tell();
    if (frame.type === 'error' && frame.retryAfterMs !== undefined) this.#readAgain(frame.ref);
    this.#joinAndLeave();
    this.#flush();
  }

  /** How far one has read may be what the server could not note just now. */
  #readAgain(room: RoomName | undefined): void {
    const open = room === undefined ? undefined : this.#state.rooms.get(room);
    if (open?.joined === true && open.read !== undefined) this.#reading.saw(open.room.name, open.read.offset);
  }

  /** Nobody knows which of them arrived before the connection was lost. */
  #repeatChanges(room: RoomName): void {
    for (const change of toRepeat(this.#state.changes, room)) this.#session.send(change);
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

function draftKey(room: RoomName): string {
  return `hubbub.draft.${room}`;
}

function nothing(): void {
  // Nothing is under way that could be called off.
}
