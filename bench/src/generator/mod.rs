//! The load: members of rooms on one core, messages at a rate, and what became of each.

mod fleet;
mod link;
mod trial;

pub use fleet::{Fleet, NotOpened, Shape};
pub use link::OpenError;
pub use trial::{LATEST, Trial};
