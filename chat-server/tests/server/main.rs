//! The server over real sockets on ephemeral ports.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod accounts;
mod admission;
mod amendments;
mod api;
mod bad_input;
mod chat;
mod classic;
mod cluster;
mod connections;
mod crowd;
mod draining;
mod engine_away;
mod foreign_login;
mod fuzz;
mod hello;
mod http;
mod killed;
mod limits;
mod messages;
mod order;
mod presence;
mod process;
mod pub_sub;
mod redis_away;
mod resume;
mod rooms;
mod seen;
mod sessions;
mod slow;
mod slow_among_many;
mod storm;
mod support;
mod two_servers;
