//! A session's place in the register that all servers share.

use std::sync::Arc;

use crate::{
    engine::{Admission, SessionRecord},
    server::Server,
};

/// A session that is in the register, until this is dropped.
pub(super) struct Registered {
    server: Arc<Server>,
    record: SessionRecord,
}

impl Registered {
    /// Notes a session; `None` if its user has too many others. When the engine does not answer, nobody is kept out for
    /// that: the session is noted when it does.
    pub(super) async fn begin(server: &Arc<Server>, record: SessionRecord) -> Option<Self> {
        // Made first: should the session end while it is being noted, it is taken out again.
        let registered = Self { server: Arc::clone(server), record };
        let record = &registered.record;
        match server.engine.begin_session(record).await {
            Ok(Admission::TooMany) => None,
            Ok(Admission::Admitted) => Some(registered),
            Err(error) => {
                tracing::debug!(session = %record.session, %error, "not in the register yet");
                Some(registered)
            }
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.server.departures.end(self.record.user, self.record.session);
    }
}
