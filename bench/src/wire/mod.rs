//! What goes over a socket, as far as a load generator has to know it. Pure.
//!
//! A WebSocket library would cost more per message than some contenders need to send it, and the generator would be
//! what is measured. So frames are walked in the buffer they were read into, and of a message only its [`Marker`] is
//! read.

mod frames;
mod handshake;
mod marker;

pub use frames::{Broken, Frames, Kind, write_frame};
pub use handshake::{Answer, Refused, read_answer, request};
pub use marker::{Marker, Scanner};
