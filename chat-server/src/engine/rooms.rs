//! The contract of rooms: settings, who may be there, and each user's own list with how far was read.

use async_trait::async_trait;
use hubbub_protocol::{
    Epoch, Offset, RoomKind, RoomName, RoomTitle, Timestamp, Topic, User, UserId, http::Role,
};

use super::{EngineError, FrameTemplate};

/// Why something is not done in a room. A state of the room, not a failure of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomRefusal {
    /// There is none, or it is not for who asks.
    #[error("there is no such room")]
    NoSuchRoom,
    /// It is for an owner to do.
    #[error("only an owner of the room may do that, and a room keeps one")]
    NotAllowed,
    /// Nobody of that id has a part in it.
    #[error("there is no such member")]
    NoSuchMember,
    /// There is a room of that name.
    #[error("there is a room of that name")]
    Taken,
    /// The room has as many members, or the user's list as many rooms, as there may be.
    #[error("there are as many members or rooms as there may be")]
    TooMany,
}

/// A room that is to be made.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Its address.
    pub room: RoomName,
    /// What it is shown as, if that is not its address.
    pub title: Option<RoomTitle>,
    /// What it is about.
    pub topic: Option<Topic>,
    /// When.
    pub created: Timestamp,
    /// Who has a part in it from the beginning.
    pub members: Vec<(User, Role)>,
}

/// What somebody is to be in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRole {
    /// An owner.
    Owner,
    /// A member: new, no owner any more, or not removed any more.
    Member,
    /// Removed by an owner.
    Removed,
    /// Gone by their own will; only from rooms by invitation.
    Left,
}

/// A change of who somebody is in a room.
#[derive(Debug, Clone)]
pub struct RoleChange {
    /// The room.
    pub room: RoomName,
    /// Who asks.
    pub by: UserId,
    /// About whom.
    pub member: User,
    /// What they are to be.
    pub role: NewRole,
    /// When this server took it.
    pub time: Timestamp,
    /// The event that tells of it, for somebody who had no part in the room until now.
    pub event_if_new: FrameTemplate,
    /// The same for somebody who had.
    pub event: FrameTemplate,
    /// Who is the next owner if the last one leaves.
    pub heir: Option<Heir>,
}

/// Who is the next owner of a room.
#[derive(Debug, Clone)]
pub struct Heir {
    /// Who, as far as the caller knows.
    pub user: UserId,
    /// The event that tells of it, behind the one that tells of the change.
    pub event: FrameTemplate,
}

/// What became of a change of who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleOutcome {
    /// It is so.
    Done,
    /// Nothing is done: the last owner leaves, and this one is to be told as the [`Heir`].
    Inherits(User),
}

/// A change of a room's title or topic.
#[derive(Debug, Clone)]
pub struct SettingsChange {
    /// The room.
    pub room: RoomName,
    /// Who asks.
    pub by: UserId,
    /// Another title.
    pub title: Option<RoomTitle>,
    /// Another topic.
    pub topic: Option<Topic>,
    /// When this server took it.
    pub time: Timestamp,
    /// The event that tells of it.
    pub event: FrameTemplate,
}

/// A room as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// What they are there; `None` for who has no part in a public room.
    pub role: Option<Role>,
    /// When it was made; `None` for a room that came to be by being joined.
    pub created: Option<Timestamp>,
    /// As it was set.
    pub title: Option<RoomTitle>,
    /// As it was set.
    pub topic: Option<Topic>,
    /// How many users are there now.
    pub present: usize,
    /// How many have a part in a room by invitation; 0 for a public one.
    pub members: usize,
    /// The life of its stream.
    pub epoch: Epoch,
    /// The offset of its latest event.
    pub latest: Offset,
    /// Up to where was read.
    pub read: Offset,
    /// How many messages of others are behind that.
    pub unread: u32,
    /// Somebody else who has a part in a room by invitation: in a direct one, the other.
    pub other: Option<User>,
}

/// How far a user has read in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The life of the stream.
    pub epoch: Epoch,
    /// The last event that was read.
    pub offset: Offset,
}

/// Someone who has a part in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomMember {
    /// Who, by the name that they were there with last.
    pub user: User,
    /// What they are there.
    pub role: Role,
    /// Whether they are there now.
    pub present: bool,
}

/// Keeps rooms. What it refuses is [`EngineError::Refused`].
///
/// A public room is for everyone who was not removed from it; it exists as soon as it is subscribed to or written to. Any other is
/// for who has a part in it; for everybody else every call answers as if there was no such room. The same holds for
/// [`Broker::publish`](super::Broker::publish), [`Broker::amend`](super::Broker::amend) and
/// [`Presence::enter`](super::Presence::enter), in one step with what they do.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Makes a room.
    async fn create(&self, founding: Founding) -> Result<(), EngineError>;

    /// Changes title and topic, for an owner. Told of as an event of the room's stream.
    async fn change_settings(&self, change: SettingsChange) -> Result<(), EngineError>;

    /// Changes who somebody is, for an owner, or for oneself who leaves. Told of as an event of the room's stream,
    /// unless nothing changes. The last owner can't be made less; when the last owner leaves, who is there longest
    /// is the next, which is an event as well, and a room by invitation that everyone left ends as by
    /// [`Rooms::delete`]. One without a title, which is shown by the name of the other who is in it, has the name of
    /// who left as its title.
    async fn set_role(&self, change: RoleChange) -> Result<RoleOutcome, EngineError>;

    /// Ends a room with all that was said there and its list of who is there, for an owner. Subscribers are told by
    /// [`RoomEvent::Deleted`](super::RoomEvent::Deleted). The answer is who had a part in it.
    async fn delete(&self, room: &RoomName, by: UserId) -> Result<Vec<UserId>, EngineError>;

    /// Which of these users may be in the room.
    async fn admitted(&self, room: &RoomName, users: &[UserId]) -> Result<Vec<UserId>, EngineError>;

    /// The room as `user` sees it who has read up to `read`.
    async fn view(
        &self,
        room: &RoomName,
        user: UserId,
        read: Option<&Position>,
    ) -> Result<RoomView, EngineError>;

    /// Who has a part in the room; in a public one only who was given one.
    async fn members(&self, room: &RoomName, by: UserId) -> Result<Vec<RoomMember>, EngineError>;

    /// Names of public rooms behind `after`, in the order of their bytes, at most `limit`. Some may have ended.
    async fn public(&self, after: Option<&RoomName>, limit: usize) -> Result<Vec<RoomName>, EngineError>;

    /// A public room was found to have ended: it is taken off the list, until it is subscribed to again.
    async fn ended(&self, room: &RoomName) -> Result<(), EngineError>;

    /// The rooms on a user's own list, and how far the user has read there.
    async fn list(&self, user: UserId) -> Result<Vec<(RoomName, Option<Position>)>, EngineError>;

    /// Puts a room on a user's own list, and how far the user has read: that never goes back within an epoch. The
    /// answer is how far the user has read.
    async fn note(
        &self,
        user: UserId,
        room: &RoomName,
        read: Option<&Position>,
    ) -> Result<Offset, EngineError>;

    /// Takes a room off a user's own list.
    async fn forget(&self, user: UserId, room: &RoomName) -> Result<(), EngineError>;
}

/// Whether a room is for who has a part in it only.
pub(super) fn is_closed(room: &RoomName) -> bool {
    room.kind() != RoomKind::Public
}

/// Whether an event counts as unread for a user: what somebody else said and did not take back. Of the encoded frame,
/// since it is asked for many at once; `view_room.lua` asks the same.
pub(super) fn is_unread(frame: &str, user: UserId) -> bool {
    let own = format!("\"user\":{{\"id\":\"{user}\"");
    frame.starts_with("{\"type\":\"message\"")
        && memchr::memmem::find(frame.as_bytes(), own.as_bytes()).is_none()
}
