//! What is stored in a room's stream. Each event has its own offset, and is replayed by resume and history.

use serde::{Deserialize, Serialize};

use crate::{Emoji, MessageId, MessageText, Offset, RoomName, RoomTitle, Timestamp, Topic, User, UserId};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(offset: &Offset) -> bool {
    *offset == 0
}

/// Who reacted with an emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// Each user once, in the order in which they reacted.
    pub users: Vec<UserId>,
}

/// A message as it is stored, replayed and delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// The room it is in.
    pub room: RoomName,
    /// Its place there.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// The sender's GUID for it.
    pub id: MessageId,
    /// Who sent it, with the name of that moment.
    pub user: User,
    /// What it says.
    pub text: MessageText,
    /// When the server took it.
    pub time: Timestamp,
    /// Whom it names with `@name`: at most [`MENTIONS`](crate::limits::MENTIONS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<UserId>>"))]
    pub mentions: Vec<UserId>,
    /// When its text was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub edited: Option<Timestamp>,
    /// Who reacted, by emoji.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Reaction>>"))]
    pub reactions: Vec<Reaction>,
    /// The offset of the last event that changed it; 0, and not written, when none did. Events up to it are in the
    /// message already.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<u32>"))]
    pub amended: Offset,
}

/// A message has another text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edited {
    /// The room it is in.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// The offset of the message.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub of: Offset,
    /// The id of the message.
    pub id: MessageId,
    /// Who did it.
    pub user: User,
    /// What it says now. Missing when a later edit or a deletion took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub text: Option<MessageText>,
    /// Whom it names now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<UserId>>"))]
    pub mentions: Vec<UserId>,
    /// When the server took it.
    pub time: Timestamp,
}

/// A message was deleted. Its text is nowhere any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deleted {
    /// The room it was in.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// The offset of the message.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub of: Offset,
    /// The id of the message.
    pub id: MessageId,
    /// Who did it.
    pub user: User,
    /// When the server took it.
    pub time: Timestamp,
}

/// Someone reacted to a message, or took a reaction back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reacted {
    /// The room it is in.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// The offset of the message.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub of: Offset,
    /// The id of the message.
    pub id: MessageId,
    /// Who did it.
    pub user: User,
    /// With what.
    pub emoji: Emoji,
    /// Whether it is there now.
    pub on: bool,
    /// When the server took it.
    pub time: Timestamp,
}

/// Stands in the place of a message that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erased {
    /// The room it was in.
    pub room: RoomName,
    /// Its place there.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// The id that it had.
    pub id: MessageId,
    /// Who had sent it.
    pub user: User,
    /// When it was sent.
    pub time: Timestamp,
    /// The offset of its deletion.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub amended: Offset,
}

/// The room has another title or topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// Which room.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// Who did it.
    pub user: User,
    /// The title, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub title: Option<RoomTitle>,
    /// The topic, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub topic: Option<Topic>,
    /// When the server took it.
    pub time: Timestamp,
}

/// What became of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum MemberChange {
    /// May come in from now on.
    Invited,
    /// Left for good.
    Left,
    /// May not come in any more.
    Removed,
    /// Is an owner now.
    Owner,
    /// Is no owner any more.
    Member,
}

/// The members of the room are others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberChanged {
    /// Which room.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// Who did it.
    pub user: User,
    /// To whom.
    pub member: User,
    /// What.
    pub change: MemberChange,
    /// When the server took it.
    pub time: Timestamp,
}

/// Somebody has read in a room by invitation: told to all who have a part in it, while these are
/// [`SEEN_MEMBERS`](crate::limits::SEEN_MEMBERS) at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seen {
    /// Which room.
    pub room: RoomName,
    /// The place of this event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// Who has.
    pub user: User,
    /// Up to the message at this offset, which somebody else sent.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub of: Offset,
    /// When the server took it.
    pub time: Timestamp,
}

/// An event of a room's stream, as it is stored and as every socket gets it: each is a server frame of the same
/// form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum StreamEvent {
    /// Someone said something.
    Message(Message),
    /// See [`Edited`].
    Edited(Edited),
    /// See [`Deleted`].
    Deleted(Deleted),
    /// See [`Reacted`].
    Reacted(Reacted),
    /// See [`Erased`].
    Erased(Erased),
    /// See [`Changed`].
    Changed(Changed),
    /// See [`MemberChanged`].
    Member(MemberChanged),
    /// See [`Seen`].
    Seen(Seen),
}

impl StreamEvent {
    /// The room.
    pub fn room(&self) -> &RoomName {
        match self {
            Self::Message(event) => &event.room,
            Self::Edited(event) => &event.room,
            Self::Deleted(event) => &event.room,
            Self::Reacted(event) => &event.room,
            Self::Erased(event) => &event.room,
            Self::Changed(event) => &event.room,
            Self::Member(event) => &event.room,
            Self::Seen(event) => &event.room,
        }
    }

    /// Its place there.
    pub fn offset(&self) -> Offset {
        match self {
            Self::Message(event) => event.offset,
            Self::Edited(event) => event.offset,
            Self::Deleted(event) => event.offset,
            Self::Reacted(event) => event.offset,
            Self::Erased(event) => event.offset,
            Self::Changed(event) => event.offset,
            Self::Member(event) => event.offset,
            Self::Seen(event) => event.offset,
        }
    }
}
