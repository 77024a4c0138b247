//! Bodies of the calls about rooms and their messages.

use serde::{Deserialize, Serialize};

use crate::{Epoch, MessageId, Offset, RoomKind, RoomName, StreamEvent, Timestamp, Topic, User, UserId};

/// GET: [`RoomList`]. POST: [`CreateRoom`], answer [`RoomInfo`]. What is about one room is below it.
pub const ROOMS_PATH: &str = "/api/v1/rooms";
/// POST: [`DirectRequest`], answer [`RoomInfo`].
pub const DIRECT_PATH: &str = "/api/v1/direct";
/// GET: [`MyRooms`].
pub const MY_ROOMS_PATH: &str = "/api/v1/me/rooms";

/// What one may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything: title, topic, members, deletion.
    Owner,
    /// Read and write.
    Member,
}

/// A room as a user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoomInfo {
    /// Its address.
    pub room: RoomName,
    /// Who may come in.
    pub kind: RoomKind,
    /// What it is shown as: for a public room without a title its address, for a direct room the other's name.
    pub title: String,
    /// What it is about; may be empty.
    pub topic: Topic,
    /// What the one who asks may do there; missing for who has no part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub role: Option<Role>,
    /// How many users are there now.
    pub present: u32,
    /// When it was created; missing for a public room that came to be by being joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub created: Option<Timestamp>,
}

/// A page of the public rooms, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoomList {
    /// The rooms.
    pub rooms: Vec<RoomInfo>,
    /// Goes into `after` for the next page; missing on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub next: Option<RoomName>,
}

/// Asks for a room. Who asks is its owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateRoom {
    /// Public or private; direct rooms have a call of their own.
    pub kind: RoomKind,
    /// The address of a public room; a private one gets its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub room: Option<String>,
    /// What it is shown as. A private room needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub title: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub topic: Option<String>,
}

/// Asks for another title or topic; what is missing stays.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoomChange {
    /// Another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub title: Option<String>,
    /// Another topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub topic: Option<String>,
}

/// Asks for the direct room with somebody.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DirectRequest {
    /// With whom.
    pub user: UserId,
}

/// A room of one's own list, and how far one has read there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MyRoom {
    /// The room.
    pub info: RoomInfo,
    /// The life of its stream.
    pub epoch: Epoch,
    /// The offset of its latest event.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub latest: Offset,
    /// That of the last one that was read; 0 for none.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub read: Offset,
    /// How many messages of others are behind it, at most [`UNREAD_MAX`](crate::limits::UNREAD_MAX).
    pub unread: u32,
}

/// One's own list of rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MyRooms {
    /// The rooms.
    pub rooms: Vec<MyRoom>,
}

/// Someone who has a part in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// Whether they are there now.
    pub present: bool,
}

/// Who has a part in a room: all members of a private or direct one; of a public one the owners, and who is there
/// now (at most [`MEMBERS_LISTED`](crate::limits::MEMBERS_LISTED)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberList {
    /// The members.
    pub members: Vec<Member>,
}

/// Invites somebody, or gives a member another role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberRequest {
    /// The role.
    pub role: Role,
}

/// A part of a room's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// The life of the stream.
    pub epoch: Epoch,
    /// The offset of the room's latest event; 0 when there is none.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub latest: Offset,
    /// The offset of the oldest event that is kept; 0 when there is none.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub oldest: Offset,
    /// In the order of their offsets.
    pub messages: Vec<StreamEvent>,
}

/// A message that is to be stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PostRequest {
    /// The client's GUID for it: the same again is stored once.
    pub id: MessageId,
    /// What it says.
    pub text: String,
}

/// Another text for a message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EditRequest {
    /// The client's GUID for the change.
    pub id: MessageId,
    /// The id of the message.
    pub message: MessageId,
    /// What it says from now on.
    pub text: String,
}

/// A reaction, or its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReactRequest {
    /// The client's GUID for the change.
    pub id: MessageId,
    /// The id of the message.
    pub message: MessageId,
    /// With what.
    pub emoji: String,
    /// Whether it is to be there.
    pub on: bool,
}

/// Where and when an event was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Posted {
    /// That of the request.
    pub id: MessageId,
    /// The room.
    pub room: RoomName,
    /// Its place there.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// When the server took it; for one that was sent again, the first time.
    pub time: Timestamp,
}

/// How far one has read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReadRequest {
    /// The last event that was read.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
}

/// How far one has read, by what the server knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReadState {
    /// The room.
    pub room: RoomName,
    /// The last event that was read.
    #[cfg_attr(feature = "typescript", ts(type = "number"))]
    pub offset: Offset,
    /// How many messages of others are behind it, at most [`UNREAD_MAX`](crate::limits::UNREAD_MAX).
    pub unread: u32,
}
