//! The server over real sockets on ephemeral ports.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admission;
mod api;
mod bad_input;
mod chat;
mod connections;
mod draining;
mod engine_away;
mod hello;
mod http;
mod killed;
mod order;
mod presence;
mod process;
mod resume;
mod slow;
mod support;
mod two_servers;
