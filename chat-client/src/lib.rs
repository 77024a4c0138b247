//! Hubbub's client library. A [`Client`] is a stream of [`Event`]s; it connects, says hello, reconnects with jitter
//! and resumes by itself. There is no task and no channel inside: whoever polls the client drives it, so that ten
//! thousand of them are cheap and a reader that is slow slows nobody else.
//!
//! The decisions are apart from the I/O and are tested alone: [`reconnect`] (whether and when to come back),
//! [`position`] (each message once and in order), [`outbox`] (what is not acknowledged yet), `rooms` (what a `joined`
//! means) and [`session`] (what the frames mean). `client` and `transport` do the I/O. What is not chat goes over HTTP:
//! [`Api`], a call at a time.
//!
//! ```no_run
//! use chat_client::{Client, Endpoint, Event, Identity};
//! use futures::StreamExt;
//!
//! # async fn chat() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::new("http://localhost:8080".parse()?, &[]);
//! let mut client = Client::new(endpoint, Identity::guest_named("Ada".parse()?));
//! client.join("lobby".parse()?, 50);
//! client.send("lobby".parse()?, "Hello".parse()?)?;
//! while let Some(event) = client.next().await {
//!     if let Event::Message(message) = event {
//!         println!("{}: {}", message.user.name, message.text);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub mod api;
mod client;
mod endpoint;
mod event;
mod http;
pub mod load;
pub mod outbox;
pub mod position;
pub mod reconnect;
mod rooms;
pub mod session;
mod transport;
mod trust;

pub use api::{Api, ApiError};
pub use client::Client;
pub use endpoint::{Endpoint, InvalidUrl, Override, ServerUrl};
pub use event::{Event, Gap, Loss};
pub use outbox::OutboxFull;
pub use session::Identity;
pub use trust::{InvalidAuthorities, Trust};
