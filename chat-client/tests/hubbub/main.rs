//! The client library and the command `hubbub`, against a real chat-server on an ephemeral port.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod chat;
mod client;
mod faulty;
mod load;
mod proxy;
mod server;
mod transcripts;
