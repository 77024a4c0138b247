//! The classic API, `/user/` and `/message/`: accounts and one public room, as few calls as there can be.

pub(super) mod messages;
pub(super) mod users;
