//! What a client tells its application.

use std::{fmt, ops::RangeInclusive, time::Duration};

use hubbub_protocol::{
    Epoch, ErrorFrame, LeftReason, Message, MessageId, Offset, RoomName, ServerId, StreamEvent, Timestamp,
    User, UserId, UserName,
};

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The server closed it.
    Closed {
        /// The close code; 1006 when there was none.
        code: u16,
        /// In the server's words; may be empty.
        reason: String,
    },
    /// It broke.
    Broken(String),
    /// It could not be made: no such host, nobody listens, no answer in time.
    Unreachable(String),
    /// Something answered over HTTP, but did not take the session.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asks for.
        retry_after: Option<Duration>,
        /// The problem in words.
        detail: String,
    },
    /// The server had asked the client to go elsewhere, and it did.
    Moved,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { code, reason } if reason.is_empty() => write!(f, "the server closed ({code})"),
            Self::Closed { code, reason } => write!(f, "the server closed: {reason} ({code})"),
            Self::Broken(why) | Self::Unreachable(why) => f.write_str(why),
            Self::Refused { status, detail, .. } if detail.is_empty() => {
                write!(f, "the server answered with HTTP status {status}")
            }
            Self::Refused { status, detail, .. } => write!(f, "the server refused: {detail} ({status})"),
            Self::Moved => f.write_str("moved to another server"),
        }
    }
}

/// Messages of a room that the client will not get, or not in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The server went on with a later message than the next one. It promises not to.
    Skipped(RangeInclusive<Offset>),
    /// A resume could not bring all that was missed, or the server itself missed it: too much, or trimmed.
    NotRecovered {
        /// The last message the client has from before.
        had: Offset,
        /// The first message it goes on with.
        next: Offset,
    },
    /// The room's stream was lost and begun anew, went back or was rewritten: nothing from before is comparable.
    Restarted {
        /// Its life from now on.
        epoch: Epoch,
        /// The last message the client has from before.
        had: Offset,
    },
}

/// What a [`Client`](crate::Client) tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A server welcomed the client.
    Connected {
        /// Who the client is there.
        user: User,
        /// The server.
        server: ServerId,
    },
    /// There is no connection; the client makes another one by itself.
    Disconnected {
        /// Why.
        loss: Loss,
        /// In how long it tries next.
        retry_in: Duration,
    },
    /// The server asked the client to go elsewhere; it will, by itself.
    Moving {
        /// In how long.
        delay: Duration,
        /// Why, in the server's words.
        reason: String,
    },
    /// There will be no other connection, and no other event.
    Ended(Loss),
    /// The client is in a room; the answer to each `join`.
    Joined {
        /// The room.
        room: RoomName,
        /// The life of its stream.
        epoch: Epoch,
        /// The offset of its latest message.
        offset: Offset,
        /// Its latest events, in order; empty when the client was in the room already.
        history: Vec<StreamEvent>,
        /// Some of those who are there.
        members: Vec<User>,
        /// How many are there.
        count: u32,
    },
    /// The client is in a room again after a lost connection, or its server is after a lost store. What it missed comes as [`Event::Message`]s before
    /// this, after an [`Event::Gap`] if that is not all.
    Resumed {
        /// The room.
        room: RoomName,
        /// Some of those who are there.
        members: Vec<User>,
        /// How many are there.
        count: u32,
    },
    /// The client is out of a room.
    Left {
        /// The room.
        room: RoomName,
        /// Why, when the client did not ask for it.
        reason: Option<LeftReason>,
    },
    /// A message: the next event of its room, in order, each once. The client's own come too.
    Message(Message),
    /// Something else that is the next event of its room: an edit, a deletion, a reaction, another title or member, or that
    /// somebody has read.
    Changed(StreamEvent),
    /// How far this client's user has read in a room, on whatever device.
    Read {
        /// The room.
        room: RoomName,
        /// The last event that was read.
        offset: Offset,
        /// How many messages of others are behind it.
        unread: u32,
    },
    /// The user's list of rooms is another.
    RoomsChanged,
    /// Messages are missing before the next one.
    Gap {
        /// The room.
        room: RoomName,
        /// Which.
        gap: Gap,
    },
    /// The server sent an event that is not the next one: not for the screen.
    Stray {
        /// The event.
        event: StreamEvent,
        /// True when it had come before; false when it is one that a [`Gap::Skipped`] told of.
        repeated: bool,
    },
    /// A message of this client is stored.
    Acknowledged {
        /// As [`Client::send`](crate::Client::send) gave it.
        id: MessageId,
        /// The room.
        room: RoomName,
        /// Its place there.
        offset: Offset,
        /// When the server took it.
        time: Timestamp,
    },
    /// A message of this client will not be stored; it is not sent again.
    NotSent {
        /// As [`Client::send`](crate::Client::send) gave it.
        id: MessageId,
        /// Why.
        error: ErrorFrame,
    },
    /// The server refused or failed something. What may succeed later is sent again by the client itself.
    Error(ErrorFrame),
    /// Who came into and went out of a room.
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
    /// Someone has another name, maybe this client.
    Renamed {
        /// Who.
        user: UserId,
        /// From now on.
        name: UserName,
    },
    /// Someone types.
    Typing {
        /// The room.
        room: RoomName,
        /// Who.
        user: User,
    },
    /// The server sent what this client does not understand: a newer frame, or none at all. Cut to 200 characters.
    NotUnderstood(String),
}
