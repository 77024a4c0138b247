//! What a load generator needs whatever it talks to: when each message is due, and what each member was to see.
//! `hubbub load` and the bench (`bench/`) measure with these. Pure.

mod member;
mod schedule;

pub use member::Member;
pub use schedule::Schedule;
