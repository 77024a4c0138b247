// Generated from the Rust crate hubbub-protocol by `make generate`. Do not edit.

export const SUBPROTOCOL = 'hubbub.v1';
export const WEBSOCKET_PATH = '/ws';
export const GUESTS_PATH = '/api/v1/guests';
export const PAGE_CONFIG_PATH = '/config.json';
export const NAME_CHARS = 40;
export const ROOM_CHARS = 64;
export const TEXT_CHARS = 4000;

export const CLOSE_CODES = {
  Drain: 4000,
  SlowConsumer: 4001,
  ServerGoing: 4002,
  Silent: 4003,
  HelloTimeout: 4100,
  BadHello: 4101,
  BadToken: 4102,
  Protocol: 4103,
} as const;

export type UserId = string;

export type MessageId = string;

export type SessionId = string;

export type Epoch = string;

export type ServerId = string;

export type UserName = string;

export type RoomName = string;

export type MessageText = string;

export type Timestamp = string;

export type ErrorCode =
  | 'badJson'
  | 'frameTooLong'
  | 'unknownType'
  | 'missingField'
  | 'badField'
  | 'emptyName'
  | 'nameTooLong'
  | 'controlCharacter'
  | 'emptyRoom'
  | 'roomTooLong'
  | 'badRoom'
  | 'emptyText'
  | 'textTooLong'
  | 'tooManyRooms'
  | 'notJoined'
  | 'helloFirst'
  | 'secondHello'
  | 'helloTimeout'
  | 'badToken'
  | 'badOrigin'
  | 'guestTaken'
  | 'full'
  | 'draining'
  | 'engineUnavailable'
  | 'notFound'
  | 'internal';

export type User = {
  /**
   * Never changes.
   */
  id: UserId;
  /**
   * As chosen last.
   */
  name: UserName;
};

export type Message = {
  /**
   * The room it is in.
   */
  room: RoomName;
  /**
   * Its place there.
   */
  offset: number;
  /**
   * The sender's GUID for it.
   */
  id: MessageId;
  /**
   * Who sent it, with the name of that moment.
   */
  user: User;
  /**
   * What it says.
   */
  text: MessageText;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type Limits = {
  /**
   * See [`limits::NAME_CHARS`].
   */
  nameChars: number;
  /**
   * See [`limits::ROOM_CHARS`].
   */
  roomChars: number;
  /**
   * See [`limits::TEXT_CHARS`].
   */
  textChars: number;
  /**
   * See [`limits::FRAME_BYTES`].
   */
  frameBytes: number;
  /**
   * See [`limits::ROOMS_PER_SESSION`].
   */
  rooms: number;
  /**
   * See [`limits::HISTORY_MAX`].
   */
  history: number;
};

export type ErrorFrame = {
  /**
   * What is wrong, for programs.
   */
  code: ErrorCode;
  /**
   * What is wrong, for people: names the field and the limit.
   */
  message: string;
  /**
   * What the refused frame was about: the `id` of a message, else the room.
   */
  ref?: string;
  /**
   * Present when the same frame may succeed later: after this many milliseconds.
   */
  retryAfterMs?: number;
};

export type ResumeFrom = {
  /**
   * The room.
   */
  room: RoomName;
  /**
   * As `joined` told it.
   */
  epoch: Epoch;
  /**
   * That of the last message that the client has; 0 for none.
   */
  offset: number;
};

export type ClientFrame =
  | {
      type: 'hello';
      /**
       * Who speaks. Without one the server makes a guest and tells its token in `welcome`.
       */
      token?: string;
      /**
       * Rooms to be joined again, with all that was missed.
       */
      resume?: Array<ResumeFrom>;
    }
  | {
      type: 'join';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * How many of the latest messages are wanted: 0 to [`HISTORY_MAX`], else [`HISTORY_DEFAULT`].
       */
      history?: number;
    }
  | {
      type: 'leave';
      /**
       * The room.
       */
      room: RoomName;
    }
  | {
      type: 'send';
      /**
       * The client's GUID for it.
       */
      id: MessageId;
      /**
       * The room.
       */
      room: RoomName;
      /**
       * What it says.
       */
      text: MessageText;
    }
  | {
      type: 'rename';
      /**
       * From now on.
       */
      name: UserName;
    }
  | {
      type: 'typing';
      /**
       * The room.
       */
      room: RoomName;
    }
  | { type: 'ping' };

export type ServerFrame =
  | {
      type: 'welcome';
      /**
       * This connection.
       */
      session: SessionId;
      /**
       * Who the token belongs to, or the new guest.
       */
      user: User;
      /**
       * Which server it is.
       */
      server: ServerId;
      /**
       * What it allows.
       */
      limits: Limits;
      /**
       * Only after a `hello` without a token: that of the guest that was made for it.
       */
      token?: string;
    }
  | {
      type: 'joined';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * The life of its stream.
       */
      epoch: Epoch;
      /**
       * The offset of its latest message; 0 when there is none.
       */
      offset: number;
      /**
       * True when this resumes and `messages` is all that was missed. False is a page of the latest
       * messages; after a resume it means that some may be lost.
       */
      recovered: boolean;
      /**
       * In the order of their offsets; the last one has `offset`.
       */
      messages: Array<Message>;
      /**
       * Who is there: at most [`limits::MEMBERS_LISTED`].
       */
      members: Array<User>;
      /**
       * How many are there.
       */
      count: number;
    }
  | {
      type: 'left';
      /**
       * The room.
       */
      room: RoomName;
    }
  | {
      type: 'ack';
      /**
       * That of the message.
       */
      id: MessageId;
      /**
       * The room.
       */
      room: RoomName;
      /**
       * Its place there.
       */
      offset: number;
      /**
       * When the server took it.
       */
      time: Timestamp;
    }
  | ({ type: 'message' } & Message)
  | {
      type: 'renamed';
      /**
       * Who.
       */
      user: UserId;
      /**
       * From now on.
       */
      name: UserName;
    }
  | {
      type: 'typing';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * Who.
       */
      user: User;
    }
  | { type: 'pong' }
  | {
      type: 'presence';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * Who came.
       */
      joined: Array<User>;
      /**
       * Who went.
       */
      left: Array<UserId>;
      /**
       * How many are there now.
       */
      count: number;
    }
  | {
      type: 'reconnect';
      /**
       * This session's own share of the drain period, in milliseconds.
       */
      delayMs: number;
      /**
       * Why, in words.
       */
      reason: string;
    }
  | ({ type: 'error' } & ErrorFrame);

export type GuestRequest = {
  /**
   * The GUID that the client made for itself. One that is taken is refused with 409.
   */
  id: UserId;
  /**
   * What the guest wants to be called.
   */
  name: string;
};

export type GuestCreated = {
  /**
   * As the server keeps it.
   */
  user: User;
  /**
   * Opaque; goes into `hello`. Whoever has it speaks as the guest.
   */
  token: string;
};

export type PageConfig = {
  /**
   * The Random User API that names new guests; the page asks it for at most 1.5 s.
   */
  nameApi: string;
  /**
   * The room that the page opens when its address names none.
   */
  defaultRoom: string;
};

export type Problem = {
  /**
   * A URI reference that names the kind of problem: `/problems/` and an error code.
   */
  type: string;
  /**
   * The kind of problem in words.
   */
  title: string;
  /**
   * The HTTP status.
   */
  status: number;
  /**
   * This occurrence in words: names the field and the limit.
   */
  detail?: string;
};
