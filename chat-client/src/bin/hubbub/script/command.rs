//! What a script can say.

use chat_client::api::Page;
use hubbub_protocol::{Emoji, MessageText, Offset, RoomName, UserName, http::Role};

/// What an account is logged in with. Neither is checked: what the server says of it may be what a script is for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.email)
    }
}

/// Which devices are logged out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logout {
    This,
    Others,
    All,
    /// By the name of its login.
    Device(UserName),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Who is called so in the script from now on, and speaks next: a new guest, or an account on a new device.
    Login(UserName, Option<Credentials>),
    /// A new account of this name, who speaks next.
    Register(UserName, Credentials),
    /// The guest who speaks becomes an account.
    Upgrade(Credentials),
    /// This one speaks next.
    As(UserName),
    Logout(Logout),
    /// Waits until the server has logged the speaker out.
    Closed,
    /// Another password.
    Password(String),
    Devices,
    DeleteAccount,
    Rename(UserName),
    Join(RoomName),
    Leave(RoomName),
    /// Who is there; with names, waits until it is them and nobody else.
    Who(RoomName, Vec<UserName>),
    /// Over the WebSocket.
    Send(RoomName, MessageText),
    /// Over HTTP, without being in the room.
    Post(RoomName, MessageText),
    /// Waits for a message with this text, or for another event that is told so.
    Expect(RoomName, MessageText),
    Edit(RoomName, Offset, MessageText),
    DeleteMessage(RoomName, Offset),
    /// A reaction, or (false) its end.
    React(RoomName, Offset, Emoji, bool),
    Read(RoomName, Offset),
    /// One's own rooms, with what is unread in each.
    Unread,
    History(RoomName, Page, usize),
    /// The public ones.
    Rooms,
    /// A public room, with its title.
    Create(RoomName, Option<String>),
    /// A private room, which is called so in the script from now on, with its title.
    Private(RoomName, Option<String>),
    /// The direct room with somebody, which is called so in the script from now on.
    Direct(RoomName, UserName),
    Title(RoomName, String),
    Topic(RoomName, String),
    Members(RoomName),
    /// Invites somebody, or gives them this role.
    Member(RoomName, UserName, Role),
    Remove(RoomName, UserName),
    /// Takes a room off one's own list.
    Forget(RoomName),
    DeleteRoom(RoomName),
}
