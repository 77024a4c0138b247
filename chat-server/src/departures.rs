//! Sessions that ended, and are still to be taken out of the lists of their rooms.

use std::{sync::Arc, time::Duration};

use hubbub_protocol::{RoomName, SessionId, UserId};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::Engine;

/// After this time an engine that did not answer is asked again. Nobody waits for it, so it may be long.
const RETRY: Duration = Duration::from_secs(1);

/// Takes sessions out of lists, now or later, until it is done.
pub struct Departures {
    engine: Arc<dyn Engine>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Departures {
    /// None yet.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// The session is out of these rooms, and after `linger` out of their lists.
    pub fn depart(&self, user: UserId, session: SessionId, rooms: Vec<RoomName>, linger: Option<Duration>) {
        if rooms.is_empty() {
            return;
        }
        let engine = Arc::clone(&self.engine);
        let leaving = async move {
            if let Some(linger) = linger {
                sleep(linger).await;
            }
            for room in rooms {
                while let Err(error) = engine.leave(&room, user, session).await {
                    tracing::debug!(%room, %session, %error, "could not be taken out of the list yet");
                    sleep(RETRY).await;
                }
            }
        };
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(leaving));
    }

    /// Waits until everyone is out, at most for `patience`; who is not then is left to the end of the server's
    /// lease in the engine.
    pub async fn close(&self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            self.stop.cancel();
            self.tasks.wait().await;
        }
    }
}
