//! What goes over Hubbub's wire, for everyone who speaks it: the server, the client library, the load
//! generator and, generated from here, the web page.
//!
//! This crate does no I/O and reads no clock. [`ClientFrame::parse`] is the edge: what passes it is valid, and
//! what does not becomes a [`Rejection`] that names the field and the limit.
//!
//! `docs/protocol.md` shows an example of each frame; the test `tests/document.rs` parses that document.

pub mod admin;
mod client_frame;
mod close;
mod credentials;
mod error;
pub mod http;
mod ids;
pub mod limits;
pub mod metrics;
mod names;
mod room_name;
mod server_frame;
mod stream_event;
mod timestamp;

pub use client_frame::{ClientFrame, ResumeFrom, Target};
pub use close::CloseCode;
pub use credentials::{Email, InvalidEmail, InvalidPassword, Password};
pub use error::{ErrorCode, Rejection};
pub use ids::{DeviceId, Epoch, MessageId, Offset, ServerId, SessionId, UserId};
pub use names::{DeviceName, Emoji, InvalidText, MessageText, RoomTitle, Topic, UserName};
pub use room_name::{RoomKind, RoomName};
pub use server_frame::{ErrorFrame, LeftReason, Limits, ServerFrame, User};
pub use stream_event::{
    Changed, Deleted, Edited, Erased, MemberChange, MemberChanged, Message, Reacted, Reaction, Seen,
    StreamEvent,
};
pub use timestamp::Timestamp;

/// The WebSocket subprotocol that client and server agree on.
pub const SUBPROTOCOL: &str = "hubbub.v1";

/// The path of the WebSocket endpoint on the public port.
pub const WEBSOCKET_PATH: &str = "/ws";
