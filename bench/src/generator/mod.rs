//! The load: members of rooms on one core, messages at a rate, and what became of each.

mod fleet;
mod idlers;
mod laggards;
mod link;
mod requests;
mod seats;
mod trial;
mod visitors;

pub use fleet::{Fleet, NotOpened, OPENERS, Shape, taken_for};
pub use idlers::Idlers;
pub use laggards::Laggards;
pub use link::OpenError;
pub use requests::post_messages;
pub use seats::{Room, Seat, Seats};
pub use trial::{LATEST, Trial};
pub use visitors::{Guests, visit};
