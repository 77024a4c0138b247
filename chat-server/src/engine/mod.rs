//! The contracts between the server and what keeps its messages, its presence and its accounts.
//!
//! An engine implements [`Broker`], [`Presence`], [`SessionRegister`], [`Accounts`] and [`Rooms`]; what they promise is
//! written at each method and tested by one suite, `tests/conformance`, over every engine. What happens in rooms that this server subscribed
//! to comes as [`EngineEvent`]s through one bounded queue.

pub mod accounts;
pub mod frame;
pub mod memory;
pub mod redis;
pub mod rooms;
pub mod sessions;

use std::time::Duration;

pub use self::{
    frame::{Frame, FrameTemplate},
    rooms::{RoomRefusal, Rooms},
    sessions::{Admission, SessionRecord, SessionRegister},
};
use async_trait::async_trait;
use hubbub_protocol::{
    DeviceId, Epoch, MessageId, MessageText, Offset, RoomName, SessionId, Timestamp, User, UserId, UserName,
};
use serde::{Deserialize, Serialize};

pub use self::accounts::{Accounts, Authenticated, GuestOutcome};

/// How many events wait for the server at most; then the engine waits for it. A server
/// that handles 20,000 events a second and stalls for a fifth of a second catches up without anyone noticing.
///
/// Publishing, signalling, entering and leaving may wait for a place in the queue: whoever empties it must not
/// wait for them.
pub const EVENT_QUEUE: usize = 4096;

/// How much of a room's stream is kept. Its latest event is kept in any case, and not read when it is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// How many events.
    pub events: usize,
    /// For how long; `None` for ever.
    pub age: Option<Duration>,
}

impl HistoryLimits {
    /// So many events, however old they are.
    pub fn events(events: usize) -> Self {
        Self { events, age: None }
    }

    /// What was stored before this moment is too old; `None` when nothing is.
    pub fn cutoff(&self, now: Timestamp) -> Option<Timestamp> {
        let age = i64::try_from(self.age?.as_millis()).unwrap_or(i64::MAX);
        Some(Timestamp::from_unix_millis(now.as_unix_millis().saturating_sub(age)))
    }
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It did not answer in time or can't be reached. Whether it was done is unknown; asking again is safe.
    #[error("the engine does not answer: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect of ours, or somebody else's keys.
    #[error("the engine answered what makes no sense: {0}")]
    Corrupt(String),
    /// The room does not allow it.
    #[error(transparent)]
    Refused(#[from] RoomRefusal),
}

/// An event that is to be stored behind all others.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The room it goes to.
    pub room: RoomName,
    /// The GUID under which it is stored once: the sender's for a message.
    pub id: MessageId,
    /// Whose it is.
    pub user: User,
    /// What it says.
    pub content: Content,
    /// When this server took it.
    pub time: Timestamp,
}

/// What somebody tells a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A message.
    Message {
        /// What it says.
        text: MessageText,
        /// Whom it names.
        mentions: Vec<UserId>,
    },
    /// They have read up to a message.
    Seen {
        /// Its offset.
        of: Offset,
    },
}

/// Where and when an event was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The life of the room's stream.
    pub epoch: Epoch,
    /// Its place there.
    pub offset: Offset,
    /// When it was taken; for a duplicate, when the first was.
    pub time: Timestamp,
    /// Whether the id was stored before, so that nothing was stored now.
    pub duplicate: bool,
}

/// A stored event (mostly a message) as every socket gets it, in its present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the room.
    pub offset: Offset,
    /// The encoded frame of a [`StreamEvent`](hubbub_protocol::StreamEvent).
    pub frame: Frame,
}

/// A stored event that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The life of the stream that it is in.
    pub epoch: Epoch,
    /// The event as it is.
    pub event: StoredMessage,
    /// The offset of the last event that changed it; 0 for none.
    pub amended: Offset,
    /// The `edited` event that has its text as well, if there is one.
    pub edit: Option<StoredMessage>,
}

/// What is known about an event that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The change is stored already, under the same id.
    Done(Published),
    /// This is there to be changed.
    Present(Present),
    /// Nothing is kept at that offset.
    Nothing,
}

/// A change of a stored event.
#[derive(Debug, Clone)]
pub struct Amendment {
    /// The room that it is in.
    pub room: RoomName,
    /// The sender's GUID for the change.
    pub id: MessageId,
    /// Who asks for it.
    pub by: UserId,
    /// When this server took it.
    pub time: Timestamp,
    /// What is changed, as it was read. If it is no longer so, nothing happens.
    pub present: Present,
    /// Stored behind all others, and told of: its offset goes into the gap.
    pub event: FrameTemplate,
    /// What stands in the place of the changed event from now on: the offset of `event` goes into the gap.
    pub replacement: FrameTemplate,
    /// Whether `event` has the text of what was changed, so that it has to be replaced with the next change of it.
    pub event_has_text: bool,
    /// What stands in the place of [`Present::edit`] from now on, where that is another.
    pub superseded: Option<Frame>,
}

/// Which stored messages are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The latest, at most this many.
    Latest(usize),
    /// Those before an offset, the latest of them, at most `limit`.
    Before {
        /// The offset behind the last one wanted.
        offset: Offset,
        /// How many at most.
        limit: usize,
    },
    /// Those behind an offset, the first of them, at most `limit`.
    After {
        /// The offset before the first one wanted.
        offset: Offset,
        /// How many at most.
        limit: usize,
    },
}

/// A part of a room's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The life of the stream.
    pub epoch: Epoch,
    /// The offset of the room's latest message, whether it is in the page or not; 0 when there is none.
    pub latest: Offset,
    /// The offset of the oldest that is kept; 0 when there is none.
    pub oldest: Offset,
    /// In the order of their offsets. For [`Range::After`], a first offset that is not the next one means that
    /// what lies between was trimmed.
    pub messages: Vec<StoredMessage>,
}

/// What happens in a room that this server subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
    /// A message was stored. May come late, twice or never (pub/sub loses); offsets tell.
    Message {
        /// The life of the stream.
        epoch: Epoch,
        /// The message.
        message: StoredMessage,
    },
    /// Users came or went: a user comes with the first session in the room and goes with the last.
    Presence {
        /// Who came.
        joined: Vec<User>,
        /// Who went.
        left: Vec<UserId>,
        /// How many users are there now.
        count: usize,
    },
    /// A user who is there has this name now.
    Renamed(User),
    /// An encoded frame that is for who is there now and is not stored: `typing`.
    Signal {
        /// The session that it comes from, which does not get it.
        from: SessionId,
        /// The encoded frame.
        frame: Frame,
    },
    /// The room is no more: an owner deleted it.
    Deleted,
}

/// What concerns one user wherever it is connected. May come twice, or never (pub/sub loses): it says what to look
/// at, and what it says is in the engine already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum UserEvent {
    /// The tokens of these devices are good for nothing any more.
    LoggedOut {
        /// Which.
        devices: Vec<DeviceId>,
    },
    /// There is no such user any more.
    Deleted,
    /// The user has another name.
    Renamed {
        /// From now on.
        name: UserName,
    },
    /// The user's list of rooms is another.
    RoomsChanged,
    /// The user has read in a room.
    Read {
        /// Where.
        room: RoomName,
        /// Up to there.
        offset: Offset,
        /// How many messages of others are behind that.
        unread: u32,
    },
}

/// What an engine tells the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEvent {
    /// Something happened in a room.
    Room {
        /// The room.
        room: RoomName,
        /// What.
        event: RoomEvent,
    },
    /// Something concerns a user. Every server is told, whether the user is there or not.
    User {
        /// Whom.
        user: UserId,
        /// What.
        event: UserEvent,
    },
    /// Subscriptions were interrupted and are back: anything may have been missed, in any room and of any user.
    Interrupted,
}

/// Stores messages in order and tells of them.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Stores an event and tells every subscriber of its room. Its offset is the room's latest plus one, from 1.
    /// An id that was stored within the last
    /// [`DEDUPLICATION_WINDOW`](hubbub_protocol::limits::DEDUPLICATION_WINDOW) is not stored again and not told
    /// of; the answer is that of the first time. When this returns `Ok`, the event is stored.
    async fn publish(&self, draft: Draft) -> Result<Published, EngineError>;

    /// Reads what is stored at an offset, in order to change it under the id `change`.
    async fn look_up(&self, room: &RoomName, offset: Offset, change: MessageId)
    -> Result<Found, EngineError>;

    /// Changes a stored event and tells every subscriber of its room of it, in one step, once for each id as
    /// [`Broker::publish`] does. If the event is another than the amendment says, nothing happens and the answer is
    /// what is there now. What was replaced can't be read any more.
    async fn amend(&self, amendment: Amendment) -> Result<Found, EngineError>;

    /// Reads stored messages. A room that nobody wrote to has an epoch, and offset 0. The epoch of a room
    /// changes when, and only when, its stream was lost.
    async fn history(&self, room: &RoomName, range: Range) -> Result<Page, EngineError>;

    /// Tells every subscriber of the room, this server's own included, without storing.
    async fn signal(&self, room: &RoomName, from: SessionId, frame: Frame) -> Result<(), EngineError>;

    /// From its return on, events of the room come in, until [`Broker::unsubscribe`]. May be repeated.
    async fn subscribe(&self, room: &RoomName) -> Result<(), EngineError>;

    /// Ends [`Broker::subscribe`].
    async fn unsubscribe(&self, room: &RoomName) -> Result<(), EngineError>;
}

/// Who is in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Some of the users there, at most as many as were asked for, by name.
    pub members: Vec<User>,
    /// How many there are.
    pub count: usize,
}

/// Keeps who is in which room, over all servers. What it learns goes out as [`RoomEvent::Presence`].
///
/// An entry lives as long as its server's lease, which the engine renews by itself. A server that dies leaves
/// every list within [`PRESENCE_LEASE`](hubbub_protocol::limits::PRESENCE_LEASE) plus
/// [`PRESENCE_SWEEP`](hubbub_protocol::limits::PRESENCE_SWEEP).
#[async_trait]
pub trait Presence: Send + Sync {
    /// A session of `user` is in the room now. Told of if it is the user's first one there. With another name
    /// than before, the user has the new one there for all sessions, and that is told as [`RoomEvent::Renamed`].
    async fn enter(&self, room: &RoomName, user: &User, session: SessionId) -> Result<(), EngineError>;

    /// A session of `user` is out of the room. Told of if it was the user's last one there.
    /// When this fails, the engine does it by itself as soon as it can, unless the session enters again.
    async fn leave(&self, room: &RoomName, user: UserId, session: SessionId) -> Result<(), EngineError>;

    /// Who is there, at most `limit` of them.
    async fn roster(&self, room: &RoomName, limit: usize) -> Result<Roster, EngineError>;
}

/// The contracts together, and how the engine is.
#[async_trait]
pub trait Engine: Broker + Presence + SessionRegister + Accounts + Rooms {
    /// Whether the engine answers, as far as is known now: all of it, where it has parts.
    fn is_up(&self) -> bool;

    /// Whether no part of the engine is there, as far as is known now: no session can begin.
    fn is_away(&self) -> bool;

    /// Tells every server, this one included, what concerns a user. Not stored: who tells has stored before what it
    /// tells of.
    async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError>;

    /// Gives back what this server holds in the engine (its lease, presence and sessions) and ends the engine's tasks.
    async fn close(&self);
}
