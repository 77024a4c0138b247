//! The bench: the same work for chat-server and its peers, from one generator, side by side in one run.
//!
//! [`contender`] says who is measured, [`scenario`] with which work, [`generator`] does it, [`host`] starts servers and
//! reads what they cost, [`sockets`] is what the kernel alone asks, [`profile`] tells where a
//! delivery's time goes. [`wire`], [`search`], [`report`], [`table`], [`plots`] and [`million`] are pure.

pub mod contender;
pub mod generator;
pub mod host;
pub mod million;
pub mod plots;
pub mod profile;
pub mod report;
pub mod scenario;
pub mod search;
pub mod sockets;
pub mod table;
pub mod wire;
