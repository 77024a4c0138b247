//! Who is connected to this server.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use hubbub_protocol::limits::SESSIONS_PER_USER;
use hubbub_protocol::{SessionId, UserId};

use super::{MemoryEngine, lock};
use crate::engine::EngineError;
use crate::engine::sessions::{Admission, SessionRecord, SessionRegister, by_beginning};

/// The sessions of each user who has any.
pub(super) type Register = HashMap<UserId, BTreeMap<SessionId, SessionRecord>>;

#[async_trait]
impl SessionRegister for MemoryEngine {
    async fn begin_session(&self, record: &SessionRecord) -> Result<Admission, EngineError> {
        let mut register = lock(&self.sessions);
        let theirs = register.entry(record.user).or_default();
        if theirs.len() >= SESSIONS_PER_USER && !theirs.contains_key(&record.session) {
            return Ok(Admission::TooMany);
        }
        theirs.insert(record.session, record.clone());
        Ok(Admission::Admitted)
    }

    async fn end_session(&self, user: UserId, session: SessionId) -> Result<(), EngineError> {
        if let Entry::Occupied(mut theirs) = lock(&self.sessions).entry(user) {
            theirs.get_mut().remove(&session);
            if theirs.get().is_empty() {
                theirs.remove();
            }
        }
        Ok(())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, EngineError> {
        let theirs: Vec<_> =
            lock(&self.sessions).get(&user).into_iter().flat_map(BTreeMap::values).cloned().collect();
        Ok(by_beginning(theirs))
    }
}
