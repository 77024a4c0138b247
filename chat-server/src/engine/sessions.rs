//! The contract of sessions: who is connected, since when, with which device and to which server.

use async_trait::async_trait;
use hubbub_protocol::{DeviceId, ServerId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use super::EngineError;

/// A session that said hello, on whichever server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Which session.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// With which of the user's devices.
    pub device: DeviceId,
    /// The server that it is on.
    pub server: ServerId,
    /// When hello was said.
    pub since: Timestamp,
}

/// Whether a session may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is noted.
    Admitted,
    /// Its user has [`SESSIONS_PER_USER`](hubbub_protocol::limits::SESSIONS_PER_USER) others.
    TooMany,
}

/// Keeps who is connected, over all servers.
///
/// A record lives as long as its server's lease, like an entry of [`Presence`](super::Presence): what a server that
/// died left behind counts for nothing when its lease has ended, and is swept.
#[async_trait]
pub trait SessionRegister: Send + Sync {
    /// A session began. Those of servers whose lease has ended do not count against it.
    /// When this fails, the engine notes the session by itself as soon as it can, until it ends.
    async fn begin_session(&self, record: &SessionRecord) -> Result<Admission, EngineError>;

    /// A session ended. When this fails, the engine does it by itself as soon as it can.
    async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), EngineError>;

    /// The sessions of a user on all servers that live, the one that began first first.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, EngineError>;
}

/// In the order in which they began.
pub(super) fn by_beginning(mut sessions: Vec<SessionRecord>) -> Vec<SessionRecord> {
    sessions.sort_by_key(|record| (record.since, record.session));
    sessions
}
