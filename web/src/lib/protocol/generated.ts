// Generated from the Rust crate hubbub-protocol by `make generate`. Do not edit.

export const SUBPROTOCOL = 'hubbub.v1';
export const WEBSOCKET_PATH = '/ws';
export const GUESTS_PATH = '/api/v1/guests';
export const PAGE_CONFIG_PATH = '/config.json';
export const USERS_PATH = '/api/v1/users';
export const SESSIONS_PATH = '/api/v1/sessions';
export const ME_PATH = '/api/v1/me';
export const PASSWORD_PATH = '/api/v1/me/password';
export const ROOMS_PATH = '/api/v1/rooms';
export const DIRECT_PATH = '/api/v1/direct';
export const MY_ROOMS_PATH = '/api/v1/me/rooms';
export const NAME_CHARS = 40;
export const ROOM_CHARS = 64;
export const TEXT_CHARS = 4000;
export const TITLE_CHARS = 64;
export const TOPIC_CHARS = 200;
export const EMAIL_CHARS = 254;
export const PASSWORD_CHARS_MIN = 8;
export const PASSWORD_CHARS = 200;
export const UNREAD_MAX = 100;

export const CLOSE_CODES = {
  Drain: 4000,
  SlowConsumer: 4001,
  ServerGoing: 4002,
  Silent: 4003,
  HelloTimeout: 4100,
  BadHello: 4101,
  BadToken: 4102,
  Protocol: 4103,
  TooFast: 4104,
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
  | 'busy'
  | 'draining'
  | 'engineUnavailable'
  | 'notLoggedIn'
  | 'wrongPassword'
  | 'foreignLogin'
  | 'loginUnavailable'
  | 'tooManyAttempts'
  | 'emailTaken'
  | 'badEmail'
  | 'badPassword'
  | 'noSuchUser'
  | 'tooManySessions'
  | 'noSuchRoom'
  | 'noSuchMessage'
  | 'notAllowed'
  | 'roomTaken'
  | 'badTitle'
  | 'badTopic'
  | 'badEmoji'
  | 'tooManyReactions'
  | 'tooManyMembers'
  | 'tooFast'
  | 'tooSlow'
  | 'notFound'
  | 'internal';

export type DeviceId = string;

export type DeviceName = string;

export type RoomTitle = string;

export type Topic = string;

export type Emoji = string;

export type RoomKind = 'public' | 'private' | 'direct';

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

export type Reaction = {
  /**
   * The emoji.
   */
  emoji: Emoji;
  /**
   * Each user once, in the order in which they reacted.
   */
  users: Array<UserId>;
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
  /**
   * Whom it names with `@name`: at most [`MENTIONS`](crate::limits::MENTIONS).
   */
  mentions?: Array<UserId>;
  /**
   * When its text was changed last.
   */
  edited?: Timestamp;
  /**
   * Who reacted, by emoji.
   */
  reactions?: Array<Reaction>;
  /**
   * The offset of the last event that changed it; 0, and not written, when none did. Events up to it are in the
   * message already.
   */
  amended?: number;
};

export type Edited = {
  /**
   * The room it is in.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * The offset of the message.
   */
  of: number;
  /**
   * The id of the message.
   */
  id: MessageId;
  /**
   * Who did it.
   */
  user: User;
  /**
   * What it says now. Missing when a later edit or a deletion took its place.
   */
  text?: MessageText;
  /**
   * Whom it names now.
   */
  mentions?: Array<UserId>;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type Deleted = {
  /**
   * The room it was in.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * The offset of the message.
   */
  of: number;
  /**
   * The id of the message.
   */
  id: MessageId;
  /**
   * Who did it.
   */
  user: User;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type Reacted = {
  /**
   * The room it is in.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * The offset of the message.
   */
  of: number;
  /**
   * The id of the message.
   */
  id: MessageId;
  /**
   * Who did it.
   */
  user: User;
  /**
   * With what.
   */
  emoji: Emoji;
  /**
   * Whether it is there now.
   */
  on: boolean;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type Erased = {
  /**
   * The room it was in.
   */
  room: RoomName;
  /**
   * Its place there.
   */
  offset: number;
  /**
   * The id that it had.
   */
  id: MessageId;
  /**
   * Who had sent it.
   */
  user: User;
  /**
   * When it was sent.
   */
  time: Timestamp;
  /**
   * The offset of its deletion.
   */
  amended: number;
};

export type Changed = {
  /**
   * Which room.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * Who did it.
   */
  user: User;
  /**
   * The title, if it is another.
   */
  title?: RoomTitle;
  /**
   * The topic, if it is another.
   */
  topic?: Topic;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type MemberChange = 'invited' | 'left' | 'removed' | 'owner' | 'member';

export type MemberChanged = {
  /**
   * Which room.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * Who did it.
   */
  user: User;
  /**
   * To whom.
   */
  member: User;
  /**
   * What.
   */
  change: MemberChange;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type Seen = {
  /**
   * Which room.
   */
  room: RoomName;
  /**
   * The place of this event.
   */
  offset: number;
  /**
   * Who has.
   */
  user: User;
  /**
   * Up to the message at this offset, which somebody else sent.
   */
  of: number;
  /**
   * When the server took it.
   */
  time: Timestamp;
};

export type StreamEvent =
  | ({ type: 'message' } & Message)
  | ({ type: 'edited' } & Edited)
  | ({ type: 'deleted' } & Deleted)
  | ({ type: 'reacted' } & Reacted)
  | ({ type: 'erased' } & Erased)
  | ({ type: 'changed' } & Changed)
  | ({ type: 'member' } & MemberChanged)
  | ({ type: 'seen' } & Seen);

export type LeftReason = 'removed' | 'deleted';

export type Target = {
  /**
   * The room it is in.
   */
  room: RoomName;
  /**
   * Its place there.
   */
  offset: number;
  /**
   * Its id.
   */
  message: MessageId;
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
      type: 'edit';
      /**
       * The client's GUID for the change.
       */
      id: MessageId;
      /**
       * What it says from now on.
       */
      text: MessageText;
      /**
       * The room it is in.
       */
      room: RoomName;
      /**
       * Its place there.
       */
      offset: number;
      /**
       * Its id.
       */
      message: MessageId;
    }
  | {
      type: 'delete';
      /**
       * The client's GUID for the change.
       */
      id: MessageId;
      /**
       * The room it is in.
       */
      room: RoomName;
      /**
       * Its place there.
       */
      offset: number;
      /**
       * Its id.
       */
      message: MessageId;
    }
  | {
      type: 'react';
      /**
       * The client's GUID for the change.
       */
      id: MessageId;
      /**
       * With what.
       */
      emoji: Emoji;
      /**
       * Whether it is to be there.
       */
      on: boolean;
      /**
       * The room it is in.
       */
      room: RoomName;
      /**
       * Its place there.
       */
      offset: number;
      /**
       * Its id.
       */
      message: MessageId;
    }
  | {
      type: 'read';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * The last event that was read.
       */
      offset: number;
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
       * events; after a resume it means that some may be lost.
       */
      recovered: boolean;
      /**
       * Events of the room's stream in the order of their offsets; the last one has `offset`.
       */
      messages: Array<StreamEvent>;
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
      /**
       * Why, when it was not asked for.
       */
      reason?: LeftReason;
    }
  | {
      type: 'ack';
      /**
       * That of the message or change.
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
  | ({ type: 'edited' } & Edited)
  | ({ type: 'deleted' } & Deleted)
  | ({ type: 'reacted' } & Reacted)
  | ({ type: 'erased' } & Erased)
  | ({ type: 'changed' } & Changed)
  | ({ type: 'member' } & MemberChanged)
  | ({ type: 'seen' } & Seen)
  | {
      type: 'read';
      /**
       * The room.
       */
      room: RoomName;
      /**
       * The last event that was read.
       */
      offset: number;
      /**
       * How many messages of others are behind it, at most [`limits::UNREAD_MAX`].
       */
      unread: number;
    }
  | { type: 'roomsChanged' }
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

export type RegisterRequest = {
  /**
   * Unique, whatever its case.
   */
  email: string;
  /**
   * See [`Password`](crate::Password).
   */
  password: string;
  /**
   * What others see; without it the guest's, or the part of the e-mail address before the `@`.
   */
  name?: string;
  /**
   * What this device is called in the list of devices.
   */
  device?: string;
};

export type LoginRequest = {
  /**
   * As at the registration, in any case.
   */
  email: string;
  /**
   * The password.
   */
  password: string;
  /**
   * What this device is called in the list of devices.
   */
  device?: string;
};

export type SessionCreated = {
  /**
   * Who one is.
   */
  user: User;
  /**
   * Opaque; goes into `hello` and `Authorization: Bearer`.
   */
  token: string;
  /**
   * The device that the token is for.
   */
  device: DeviceId;
  /**
   * When the token ends unless it is used before.
   */
  expires: Timestamp;
};

export type OnlineSession = {
  /**
   * Which session.
   */
  session: SessionId;
  /**
   * The server that it is on.
   */
  server: ServerId;
  /**
   * When it began.
   */
  since: Timestamp;
};

export type Device = {
  /**
   * For logging it out.
   */
  id: DeviceId;
  /**
   * As it was given at the login.
   */
  name: DeviceName;
  /**
   * When it logged in.
   */
  since: Timestamp;
  /**
   * When its token was last used, to the hour.
   */
  lastSeen: Timestamp;
  /**
   * When its token ends unless it is used before.
   */
  expires: Timestamp;
  /**
   * Whether it is the one that asks.
   */
  current: boolean;
  /**
   * Its connections of now.
   */
  online: Array<OnlineSession>;
};

export type DeviceList = {
  /**
   * The devices.
   */
  devices: Array<Device>;
};

export type FormerName = {
  /**
   * The name.
   */
  name: UserName;
  /**
   * When another took its place.
   */
  until: Timestamp;
};

export type Profile = {
  /**
   * Id and name.
   */
  user: User;
  /**
   * False for a guest.
   */
  account: boolean;
  /**
   * As it was written at the registration.
   */
  email?: string;
  /**
   * Since when there is this user.
   */
  created: Timestamp;
  /**
   * Names that one had, the latest first: at most [`NAMES_KEPT`](crate::limits::NAMES_KEPT).
   */
  names: Array<FormerName>;
};

export type ProfileChange = {
  /**
   * Another name.
   */
  name?: string;
};

export type PasswordChange = {
  /**
   * The one of now.
   */
  old: string;
  /**
   * The one from now on.
   */
  new: string;
};

export type AccountDeletion = {
  /**
   * The password; a guest has none.
   */
  password?: string;
};

export type Role = 'owner' | 'member';

export type RoomInfo = {
  /**
   * Its address.
   */
  room: RoomName;
  /**
   * Who may come in.
   */
  kind: RoomKind;
  /**
   * What it is shown as: for a public room without a title its address, for a direct room the other's name.
   */
  title: string;
  /**
   * What it is about; may be empty.
   */
  topic: Topic;
  /**
   * What the one who asks may do there; missing for who has no part in it.
   */
  role?: Role;
  /**
   * How many users are there now.
   */
  present: number;
  /**
   * When it was created; missing for a public room that came to be by being joined.
   */
  created?: Timestamp;
};

export type RoomList = {
  /**
   * The rooms.
   */
  rooms: Array<RoomInfo>;
  /**
   * Goes into `after` for the next page; missing on the last one.
   */
  next?: RoomName;
};

export type CreateRoom = {
  /**
   * Public or private; direct rooms have a call of their own.
   */
  kind: RoomKind;
  /**
   * The address of a public room; a private one gets its own.
   */
  room?: string;
  /**
   * What it is shown as. A private room needs one.
   */
  title?: string;
  /**
   * What it is about.
   */
  topic?: string;
};

export type RoomChange = {
  /**
   * Another title.
   */
  title?: string;
  /**
   * Another topic.
   */
  topic?: string;
};

export type DirectRequest = {
  /**
   * With whom.
   */
  user: UserId;
};

export type MyRoom = {
  /**
   * The room.
   */
  info: RoomInfo;
  /**
   * The life of its stream.
   */
  epoch: Epoch;
  /**
   * The offset of its latest event.
   */
  latest: number;
  /**
   * That of the last one that was read; 0 for none.
   */
  read: number;
  /**
   * How many messages of others are behind it, at most [`UNREAD_MAX`](crate::limits::UNREAD_MAX).
   */
  unread: number;
};

export type MyRooms = {
  /**
   * The rooms.
   */
  rooms: Array<MyRoom>;
};

export type Member = {
  /**
   * Who.
   */
  user: User;
  /**
   * What they may do.
   */
  role: Role;
  /**
   * Whether they are there now.
   */
  present: boolean;
};

export type MemberList = {
  /**
   * The members.
   */
  members: Array<Member>;
};

export type MemberRequest = {
  /**
   * The role.
   */
  role: Role;
};

export type EventPage = {
  /**
   * The life of the stream.
   */
  epoch: Epoch;
  /**
   * The offset of the room's latest event; 0 when there is none.
   */
  latest: number;
  /**
   * The offset of the oldest event that is kept; 0 when there is none.
   */
  oldest: number;
  /**
   * In the order of their offsets.
   */
  messages: Array<StreamEvent>;
};

export type PostRequest = {
  /**
   * The client's GUID for it: the same again is stored once.
   */
  id: MessageId;
  /**
   * What it says.
   */
  text: string;
};

export type EditRequest = {
  /**
   * The client's GUID for the change.
   */
  id: MessageId;
  /**
   * The id of the message.
   */
  message: MessageId;
  /**
   * What it says from now on.
   */
  text: string;
};

export type ReactRequest = {
  /**
   * The client's GUID for the change.
   */
  id: MessageId;
  /**
   * The id of the message.
   */
  message: MessageId;
  /**
   * With what.
   */
  emoji: string;
  /**
   * Whether it is to be there.
   */
  on: boolean;
};

export type Posted = {
  /**
   * That of the request.
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
   * When the server took it; for one that was sent again, the first time.
   */
  time: Timestamp;
};

export type ReadRequest = {
  /**
   * The last event that was read.
   */
  offset: number;
};

export type ReadState = {
  /**
   * The room.
   */
  room: RoomName;
  /**
   * The last event that was read.
   */
  offset: number;
  /**
   * How many messages of others are behind it, at most [`UNREAD_MAX`](crate::limits::UNREAD_MAX).
   */
  unread: number;
};
