//! The client library and the command `hubbub`, against a real chat-server on an ephemeral port.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod chat;
mod client;
mod faulty;
#[path = "../../../chat-server/tests/support/figure.rs"]
mod figure;
mod load;
#[path = "../../../chat-server/tests/support/promised.rs"]
mod promised;
mod proxy;
#[path = "../../../chat-server/tests/support/redis.rs"]
#[expect(dead_code, reason = "a Redis that fails is for the tests of the server")]
mod redis;
mod server;
mod single_host;
mod tls;
mod transcripts;
