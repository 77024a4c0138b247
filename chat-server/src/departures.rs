//! Sessions that ended, and are still to be taken out of the register of sessions and the lists of their rooms.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use hubbub_protocol::{RoomName, SessionId, UserId};
use tokio::time::{sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::Engine;

/// After this time an engine that did not answer is asked again. Nobody waits for it, so it may be long.
const RETRY: Duration = Duration::from_secs(1);

/// Takes sessions out of lists, now or later, until it is done.
pub struct Departures {
    engine: Arc<dyn Engine>,
    /// Those that are on their way out.
    leaving: TaskTracker,
    /// Those that may be back before their time is over.
    lingering: TaskTracker,
    stop: CancellationToken,
}

impl Departures {
    /// None yet.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        let (leaving, lingering) = (TaskTracker::new(), TaskTracker::new());
        Self { engine, leaving, lingering, stop: CancellationToken::new() }
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
        let tasks = if linger.is_some() { &self.lingering } else { &self.leaving };
        self.begin(tasks, leaving);
    }

    /// The session is over.
    pub fn end(&self, user: UserId, session: SessionId) {
        let engine = Arc::clone(&self.engine);
        let ending = async move {
            if let Err(error) = engine.end_session(user, session).await {
                // The engine does it as soon as it can.
                tracing::debug!(%session, %error, "could not be taken out of the register yet");
            }
        };
        self.begin(&self.leaving, ending);
    }

    /// Does it here if nothing has to be waited for, as with an engine in memory: a task for each who goes is a part of what
    /// coming and going costs.
    fn begin(&self, tasks: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) {
        let mut work = Box::pin(work);
        if work.as_mut().now_or_never().is_none() {
            tasks.spawn(self.stop.clone().run_until_cancelled_owned(work));
        }
    }

    /// Ends: gives those that are on their way out `patience`, and leaves those that linger in the lists. Returns
    /// whether everyone is out.
    pub async fn close(&self, patience: Duration) -> bool {
        self.leaving.close();
        let out = timeout(patience, self.leaving.wait()).await.is_ok() && self.lingering.is_empty();
        self.stop.cancel();
        for tasks in [&self.leaving, &self.lingering] {
            tasks.close();
            tasks.wait().await;
        }
        out
    }
}
