//! The chat-server.

pub mod engine;
