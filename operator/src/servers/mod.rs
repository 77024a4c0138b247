//! Talking to the chat-servers themselves, on their private port: figures and admin calls.

mod client;
mod figures;

pub use client::{Servers, Silence};
pub use figures::{Figures, Unusable};
