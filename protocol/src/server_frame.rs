//! What a server says.

use serde::{Deserialize, Serialize};

use crate::{
    Changed, Deleted, Edited, Epoch, Erased, ErrorCode, MemberChanged, Message, MessageId, Offset, Reacted,
    RoomName, Seen, ServerId, SessionId, StreamEvent, Timestamp, UserId, UserName, limits,
};

/// Who someone is and what others call them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// As chosen last.
    pub name: UserName,
}

/// The limits that a server tells in `welcome`, so that a client can keep them before it is told off. Lengths
/// are in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// See [`limits::NAME_CHARS`].
    pub name_chars: usize,
    /// See [`limits::ROOM_CHARS`].
    pub room_chars: usize,
    /// See [`limits::TEXT_CHARS`].
    pub text_chars: usize,
    /// See [`limits::FRAME_BYTES`].
    pub frame_bytes: usize,
    /// See [`limits::ROOMS_PER_SESSION`].
    pub rooms: usize,
    /// See [`limits::HISTORY_MAX`].
    pub history: usize,
}

impl Limits {
    /// The limits of this crate.
    pub const CURRENT: Self = Self {
        name_chars: limits::NAME_CHARS,
        room_chars: limits::ROOM_CHARS,
        text_chars: limits::TEXT_CHARS,
        frame_bytes: limits::FRAME_BYTES,
        rooms: limits::ROOMS_PER_SESSION,
        history: limits::HISTORY_MAX,
    };
}

/// Why a session is out of a room without having asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum LeftReason {
    /// Its user may not be there any more.
    Removed,
    /// There is no such room any more.
    Deleted,
}

/// The fields of an `error` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorFrame {
    /// What is wrong, for programs.
    pub code: ErrorCode,
    /// What is wrong, for people: names the field and the limit.
    pub message: String,
    /// What the refused frame was about: the `id` of a message, else the room.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub reference: Option<String>,
    /// Present when the same frame may succeed later: after this many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
    pub retry_after_ms: Option<u64>,
}

/// One JSON object of a server; `type` is the variant. A WebSocket text frame holds one, or several, one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerFrame {
    /// Answers `hello`.
    Welcome {
        /// This connection.
        session: SessionId,
        /// Who the token belongs to, or the new guest.
        user: User,
        /// Which server it is.
        server: ServerId,
        /// What it allows.
        limits: Limits,
        /// Only after a `hello` without a token: that of the guest that was made for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        token: Option<String>,
    },
    /// Answers `join`, and each room of `resume`.
    Joined {
        /// The room.
        room: RoomName,
        /// The life of its stream.
        epoch: Epoch,
        /// The offset of its latest message; 0 when there is none.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: Offset,
        /// True when this resumes and `messages` is all that was missed. False is a page of the latest
        /// events; after a resume it means that some may be lost.
        recovered: bool,
        /// Events of the room's stream in the order of their offsets; the last one has `offset`.
        messages: Vec<StreamEvent>,
        /// Who is there: at most [`limits::MEMBERS_LISTED`].
        members: Vec<User>,
        /// How many are there.
        count: u32,
    },
    /// Answers `leave`, or tells unasked that the session is out of a room.
    Left {
        /// The room.
        room: RoomName,
        /// Why, when it was not asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        reason: Option<LeftReason>,
    },
    /// Answers `send`, `edit`, `delete` and `react`, after the event was stored. The same id sent again gets the
    /// first offset and time.
    Ack {
        /// That of the message or change.
        id: MessageId,
        /// The room.
        room: RoomName,
        /// Its place there.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: Offset,
        /// When the server took it.
        time: Timestamp,
    },
    /// A message of a room that the session is in, the sender's own included.
    Message(Message),
    /// A message of such a room has another text.
    Edited(Edited),
    /// A message of such a room was deleted.
    Deleted(Deleted),
    /// Someone reacted to a message of such a room.
    Reacted(Reacted),
    /// Stands for a deleted message, when a gap is filled from the stream.
    Erased(Erased),
    /// Such a room has another title or topic.
    Changed(Changed),
    /// Such a room has other members.
    Member(MemberChanged),
    /// Somebody has read in such a room, if it is one by invitation.
    Seen(Seen),
    /// How far the user has read in a room, told to all sessions of the user that are there.
    Read {
        /// The room.
        room: RoomName,
        /// The last event that was read.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        offset: Offset,
        /// How many messages of others are behind it, at most [`limits::UNREAD_MAX`].
        unread: u32,
    },
    /// The user's list of rooms is another: it is worth fetching again.
    RoomsChanged,
    /// Someone who shares a room with the session has another name, or the session's own user has.
    Renamed {
        /// Who.
        user: UserId,
        /// From now on.
        name: UserName,
    },
    /// Someone types in a room.
    Typing {
        /// The room.
        room: RoomName,
        /// Who.
        user: User,
    },
    /// Answers `ping`.
    Pong,
    /// Who came into and went out of a room since the last such frame.
    Presence {
        /// The room.
        room: RoomName,
        /// Who came.
        joined: Vec<User>,
        /// Who went.
        left: Vec<UserId>,
        /// How many are there now.
        count: u32,
    },
    /// The server is about to leave: reconnect, and resume, after the delay.
    Reconnect {
        /// This session's own share of the drain period, in milliseconds.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        delay_ms: u64,
        /// Why, in words.
        reason: String,
    },
    /// Something was refused or failed. The session goes on unless a close follows.
    Error(ErrorFrame),
}

impl From<StreamEvent> for ServerFrame {
    fn from(event: StreamEvent) -> Self {
        match event {
            StreamEvent::Message(event) => Self::Message(event),
            StreamEvent::Edited(event) => Self::Edited(event),
            StreamEvent::Deleted(event) => Self::Deleted(event),
            StreamEvent::Reacted(event) => Self::Reacted(event),
            StreamEvent::Erased(event) => Self::Erased(event),
            StreamEvent::Changed(event) => Self::Changed(event),
            StreamEvent::Member(event) => Self::Member(event),
            StreamEvent::Seen(event) => Self::Seen(event),
        }
    }
}
