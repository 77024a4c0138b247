//! Hubbub's chat-server.
//!
//! ```text
//! public  ---> page, API, /ws --> session --> engine (memory, redis)
//!                                    ^            |
//!                                    +--- hub     | events
//!                                    ^     ^      |
//!                                    +--dispatch--+
//! private ---> metrics, health, admin --> drain --> sessions
//! ```
//! [`application`] puts it together, [`session`] is one WebSocket, [`hub`] brings what happens in rooms to the
//! sessions in them, [`engine`] keeps what outlives a session. `docs/protocol.md` is what goes over the wire.

pub mod admission;
pub mod application;
pub mod config;
pub mod departures;
pub mod dispatch;
pub mod drain;
pub mod engine;
pub mod hub;
pub mod json;
pub mod jwt;
pub mod key_locks;
pub mod lag;
pub mod limits;
pub mod listener;
pub mod login;
pub mod messages;
pub mod metrics;
pub mod passwords;
pub mod places;
pub mod private;
pub mod problem;
pub mod public;
pub mod rate;
pub mod reading;
pub mod reception;
mod revocation;
pub mod rooms;
pub mod server;
pub mod session;
pub mod sessions;
pub mod timing;
pub mod tokens;
