//! Errors as they go over the wire.

use serde::{Deserialize, Serialize};

use crate::InvalidText;

/// What is wrong with a frame, or why it could not be done. Sent as `code` of an `error` frame, and as the last
/// part of `type` of a problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// The frame is not a JSON object.
    BadJson,
    /// The frame has more bytes than [`FRAME_BYTES`](crate::limits::FRAME_BYTES).
    FrameTooLong,
    /// `type` is missing or names no frame.
    UnknownType,
    /// A field that the frame needs is missing.
    MissingField,
    /// A field has the wrong JSON type, is no GUID, or is out of its range.
    BadField,
    /// The name is empty.
    EmptyName,
    /// The name is longer than [`NAME_CHARS`](crate::limits::NAME_CHARS).
    NameTooLong,
    /// The name has a control character.
    ControlCharacter,
    /// The room's name is empty.
    EmptyRoom,
    /// The room's name is longer than [`ROOM_CHARS`](crate::limits::ROOM_CHARS).
    RoomTooLong,
    /// The room's name has a character that room names can't have.
    BadRoom,
    /// The text is empty.
    EmptyText,
    /// The text is longer than [`TEXT_CHARS`](crate::limits::TEXT_CHARS).
    TextTooLong,
    /// The session is in [`ROOMS_PER_SESSION`](crate::limits::ROOMS_PER_SESSION) rooms already.
    TooManyRooms,
    /// The session is not in that room.
    NotJoined,
    /// The first frame has to be `hello`.
    HelloFirst,
    /// `hello` was said already.
    SecondHello,
    /// No `hello` came in time.
    HelloTimeout,
    /// The token is unknown, expired or revoked.
    BadToken,
    /// The page that opened the socket is of a site that this server does not serve.
    BadOrigin,
    /// The guest's GUID is taken.
    GuestTaken,
    /// The server takes no more sessions: it is full.
    Full,
    /// More come at once than the server lets in. Retryable when `Retry-After` says.
    Busy,
    /// The server takes no more sessions: it drains.
    Draining,
    /// The engine did not store or read in time. Retryable: with the same message id nothing is doubled.
    EngineUnavailable,
    /// A request needs a token, and has none.
    NotLoggedIn,
    /// The password is wrong, or there is no such account: the answer does not tell which.
    WrongPassword,
    /// Accounts, and what they are called, are those of another login service: it is for that to do.
    ForeignLogin,
    /// The login service did not tell its keys, so that nobody can say whose a token is. Retryable.
    LoginUnavailable,
    /// Too many logins failed for this account or from this address.
    TooManyAttempts,
    /// There is an account with that e-mail address.
    EmailTaken,
    /// The e-mail address is none.
    BadEmail,
    /// The password is too short or too long.
    BadPassword,
    /// There is no such user.
    NoSuchUser,
    /// The user has [`SESSIONS_PER_USER`](crate::limits::SESSIONS_PER_USER) sessions open already.
    TooManySessions,
    /// There is no such room, or it is not for this user: the answer does not tell which.
    NoSuchRoom,
    /// There is no such message in the room, or not any more.
    NoSuchMessage,
    /// It is for others to do: for the sender of the message, or for an owner of the room.
    NotAllowed,
    /// There is a room of that name.
    RoomTaken,
    /// The title is empty, too long, or has a control character.
    BadTitle,
    /// The topic is too long or has a control character.
    BadTopic,
    /// The reaction is no emoji.
    BadEmoji,
    /// The message has [`REACTIONS_PER_MESSAGE`](crate::limits::REACTIONS_PER_MESSAGE) reactions already.
    TooManyReactions,
    /// The room has [`MEMBERS_PER_ROOM`](crate::limits::MEMBERS_PER_ROOM) members already, or the user's list [`ROOMS_PER_USER`](crate::limits::ROOMS_PER_USER) rooms.
    TooManyMembers,
    /// It was done too often; see [`Limited`](crate::limits::Limited). Retryable.
    TooFast,
    /// The request was not complete in time.
    TooSlow,
    /// There is nothing at this address.
    NotFound,
    /// A defect of the server. Its log says more.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 48] = [
        Self::BadJson,
        Self::FrameTooLong,
        Self::UnknownType,
        Self::MissingField,
        Self::BadField,
        Self::EmptyName,
        Self::NameTooLong,
        Self::ControlCharacter,
        Self::EmptyRoom,
        Self::RoomTooLong,
        Self::BadRoom,
        Self::EmptyText,
        Self::TextTooLong,
        Self::TooManyRooms,
        Self::NotJoined,
        Self::HelloFirst,
        Self::SecondHello,
        Self::HelloTimeout,
        Self::BadToken,
        Self::BadOrigin,
        Self::GuestTaken,
        Self::Full,
        Self::Busy,
        Self::Draining,
        Self::EngineUnavailable,
        Self::NotLoggedIn,
        Self::WrongPassword,
        Self::ForeignLogin,
        Self::LoginUnavailable,
        Self::TooManyAttempts,
        Self::EmailTaken,
        Self::BadEmail,
        Self::BadPassword,
        Self::NoSuchUser,
        Self::TooManySessions,
        Self::NoSuchRoom,
        Self::NoSuchMessage,
        Self::NotAllowed,
        Self::RoomTaken,
        Self::BadTitle,
        Self::BadTopic,
        Self::BadEmoji,
        Self::TooManyReactions,
        Self::TooManyMembers,
        Self::TooFast,
        Self::TooSlow,
        Self::NotFound,
        Self::Internal,
    ];

    /// The code as it goes over the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "badJson",
            Self::FrameTooLong => "frameTooLong",
            Self::UnknownType => "unknownType",
            Self::MissingField => "missingField",
            Self::BadField => "badField",
            Self::EmptyName => "emptyName",
            Self::NameTooLong => "nameTooLong",
            Self::ControlCharacter => "controlCharacter",
            Self::EmptyRoom => "emptyRoom",
            Self::RoomTooLong => "roomTooLong",
            Self::BadRoom => "badRoom",
            Self::EmptyText => "emptyText",
            Self::TextTooLong => "textTooLong",
            Self::TooManyRooms => "tooManyRooms",
            Self::NotJoined => "notJoined",
            Self::HelloFirst => "helloFirst",
            Self::SecondHello => "secondHello",
            Self::HelloTimeout => "helloTimeout",
            Self::BadToken => "badToken",
            Self::BadOrigin => "badOrigin",
            Self::GuestTaken => "guestTaken",
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::EngineUnavailable => "engineUnavailable",
            Self::NotLoggedIn => "notLoggedIn",
            Self::WrongPassword => "wrongPassword",
            Self::ForeignLogin => "foreignLogin",
            Self::LoginUnavailable => "loginUnavailable",
            Self::TooManyAttempts => "tooManyAttempts",
            Self::EmailTaken => "emailTaken",
            Self::BadEmail => "badEmail",
            Self::BadPassword => "badPassword",
            Self::NoSuchUser => "noSuchUser",
            Self::TooManySessions => "tooManySessions",
            Self::NoSuchRoom => "noSuchRoom",
            Self::NoSuchMessage => "noSuchMessage",
            Self::NotAllowed => "notAllowed",
            Self::RoomTaken => "roomTaken",
            Self::BadTitle => "badTitle",
            Self::BadTopic => "badTopic",
            Self::BadEmoji => "badEmoji",
            Self::TooManyReactions => "tooManyReactions",
            Self::TooManyMembers => "tooManyMembers",
            Self::TooFast => "tooFast",
            Self::TooSlow => "tooSlow",
            Self::NotFound => "notFound",
            Self::Internal => "internal",
        }
    }

    /// The code for a user name, given under `name`, that is refused.
    pub const fn of_name(invalid: InvalidText) -> Self {
        match invalid {
            InvalidText::Empty => Self::EmptyName,
            InvalidText::TooLong { .. } => Self::NameTooLong,
            InvalidText::ControlCharacter | InvalidText::BadCharacter | InvalidText::NoEmoji => {
                Self::ControlCharacter
            }
        }
    }

    /// The code for a room name that is refused.
    pub const fn of_room(invalid: InvalidText) -> Self {
        match invalid {
            InvalidText::Empty => Self::EmptyRoom,
            InvalidText::TooLong { .. } => Self::RoomTooLong,
            InvalidText::ControlCharacter | InvalidText::BadCharacter | InvalidText::NoEmoji => Self::BadRoom,
        }
    }

    /// The code for a message text that is refused.
    pub const fn of_text(invalid: InvalidText) -> Self {
        match invalid {
            InvalidText::TooLong { .. } => Self::TextTooLong,
            InvalidText::Empty
            | InvalidText::ControlCharacter
            | InvalidText::BadCharacter
            | InvalidText::NoEmoji => Self::EmptyText,
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A frame that was refused at the edge. The server turns it into an `error` frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What is wrong.
    pub code: ErrorCode,
    /// In words, with the field and the limit.
    pub message: String,
    /// What the frame was about, if that could be read: the `id` of a message, else the room.
    pub reference: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_serde_writes_it() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
