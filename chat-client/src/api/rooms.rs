//! Rooms, their members and their messages.

use hubbub_protocol::{
    Emoji, MessageId, MessageText, Offset, RoomName, UserId,
    http::{
        CreateRoom, DIRECT_PATH, DirectRequest, EditRequest, EventPage, MY_ROOMS_PATH, MemberList,
        MemberRequest, MyRooms, PostRequest, Posted, ROOMS_PATH, ReactRequest, ReadRequest, ReadState, Role,
        RoomChange, RoomInfo, RoomList,
    },
};
use hyper::Method;

use super::{Api, ApiError, part};

/// Which part of a room's stream is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The latest events.
    Latest,
    /// The latest of those before this offset.
    Before(Offset),
    /// The first of those behind this offset.
    After(Offset),
}

impl Api {
    /// Public rooms by name, behind `after`.
    pub async fn public_rooms(&self, after: Option<&RoomName>) -> Result<RoomList, ApiError> {
        match after {
            Some(room) => self.get(&format!("{ROOMS_PATH}?after={}", part(room.as_str()))).await,
            None => self.get(ROOMS_PATH).await,
        }
    }

    /// The user's own list of rooms.
    pub async fn my_rooms(&self) -> Result<MyRooms, ApiError> {
        self.get(MY_ROOMS_PATH).await
    }

    /// Takes a room off the user's own list; a private one for good.
    pub async fn forget_room(&self, room: &RoomName) -> Result<(), ApiError> {
        self.delete(&format!("{MY_ROOMS_PATH}/{}", part(room.as_str()))).await
    }

    /// Makes a room, whose owner the user is.
    pub async fn create_room(&self, request: &CreateRoom) -> Result<RoomInfo, ApiError> {
        self.call(Method::POST, ROOMS_PATH, request).await
    }

    /// The room of the user and somebody else.
    pub async fn direct_room(&self, user: UserId) -> Result<RoomInfo, ApiError> {
        self.call(Method::POST, DIRECT_PATH, &DirectRequest { user }).await
    }

    /// What a room is.
    pub async fn room(&self, room: &RoomName) -> Result<RoomInfo, ApiError> {
        self.get(&path(room, "")).await
    }

    /// Gives a room another title or topic.
    pub async fn change_room(&self, room: &RoomName, change: &RoomChange) -> Result<RoomInfo, ApiError> {
        self.call(Method::PATCH, &path(room, ""), change).await
    }

    /// Deletes a room and all that was said there.
    pub async fn delete_room(&self, room: &RoomName) -> Result<(), ApiError> {
        self.delete(&path(room, "")).await
    }

    /// Who has a part in a room.
    pub async fn members(&self, room: &RoomName) -> Result<MemberList, ApiError> {
        self.get(&path(room, "/members")).await
    }

    /// Invites somebody into a room, or gives a member another role.
    pub async fn set_member(&self, room: &RoomName, user: UserId, role: Role) -> Result<(), ApiError> {
        let path = path(room, &format!("/members/{user}"));
        self.call(Method::PUT, &path, &MemberRequest { role }).await
    }

    /// Removes somebody from a room.
    pub async fn remove_member(&self, room: &RoomName, user: UserId) -> Result<(), ApiError> {
        self.delete(&path(room, &format!("/members/{user}"))).await
    }

    /// A page of at most `limit` events of a room's stream, in the order of their offsets.
    pub async fn events(&self, room: &RoomName, page: Page, limit: usize) -> Result<EventPage, ApiError> {
        let query = match page {
            Page::Latest => format!("/messages?limit={limit}"),
            Page::Before(offset) => format!("/messages?before={offset}&limit={limit}"),
            Page::After(offset) => format!("/messages?after={offset}&limit={limit}"),
        };
        self.get(&path(room, &query)).await
    }

    /// Says something in a room without being there. The same id again is stored once.
    pub async fn post(&self, room: &RoomName, id: MessageId, text: &MessageText) -> Result<Posted, ApiError> {
        let request = PostRequest { id, text: text.as_str().to_owned() };
        self.call(Method::POST, &path(room, "/messages"), &request).await
    }

    /// Gives the message with this place and id another text; `id` is that of the change.
    pub async fn edit(
        &self,
        room: &RoomName,
        (offset, message): (Offset, MessageId),
        id: MessageId,
        text: &MessageText,
    ) -> Result<Posted, ApiError> {
        let request = EditRequest { id, message, text: text.as_str().to_owned() };
        self.call(Method::PATCH, &path(room, &format!("/messages/{offset}")), &request).await
    }

    /// Takes the message with this place and id away; `id` is that of the change.
    pub async fn delete_message(
        &self,
        room: &RoomName,
        (offset, message): (Offset, MessageId),
        id: MessageId,
    ) -> Result<Posted, ApiError> {
        self.delete(&path(room, &format!("/messages/{offset}?id={id}&message={message}"))).await
    }

    /// Reacts to the message with this place and id, or takes that back; `id` is that of the change.
    pub async fn react(
        &self,
        room: &RoomName,
        (offset, message): (Offset, MessageId),
        id: MessageId,
        (emoji, on): (&Emoji, bool),
    ) -> Result<Posted, ApiError> {
        let request = ReactRequest { id, message, emoji: emoji.as_str().to_owned(), on };
        self.call(Method::PUT, &path(room, &format!("/messages/{offset}/reactions")), &request).await
    }

    /// Tells how far the user has read in a room.
    pub async fn read(&self, room: &RoomName, offset: Offset) -> Result<ReadState, ApiError> {
        self.call(Method::PUT, &path(room, "/read"), &ReadRequest { offset }).await
    }
}

fn path(room: &RoomName, rest: &str) -> String {
    format!("{ROOMS_PATH}/{}{rest}", part(room.as_str()))
}
