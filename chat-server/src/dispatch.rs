//! Takes what the engine tells to whom it concerns: rooms to the hub, users to their sessions. Never waits for one
//! of them, so that one slow room or session stops no other.

use std::{sync::Arc, time::Duration};

use hubbub_protocol::{CloseCode, ServerFrame, UserId};
use tokio::sync::{Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    engine::{EngineEvent, UserEvent},
    hub::Hub,
    revocation,
    session::{encode, outbox::Closing},
    sessions::Sessions,
    tokens::Tokens,
};

/// How many events are taken out of the engine's queue at once. One by one a busy queue would fill up: a task that takes
/// more than 128 things that wait has to let others go first (tokio's budget). Whoever publishes then waits for a place in
/// it, in turn with all others, and rooms would get, and write, one message at a time.
const BATCH: usize = 1_024;

/// Whom the events are for.
#[derive(Clone)]
pub struct Audience {
    /// The rooms.
    pub hub: Hub,
    /// The sockets.
    pub sessions: Arc<Sessions>,
    /// Whose tokens are.
    pub tokens: Arc<Tokens>,
}

/// The one task that empties the engine's queue, and the one that looks for what it was not told.
pub struct Dispatcher {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Dispatcher {
    /// Begins.
    pub fn start(audience: Audience, events: mpsc::Receiver<EngineEvent>, expiry_look: Duration) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let interrupted = Arc::new(Notify::new());
        let watching = revocation::watch(audience.clone(), Arc::clone(&interrupted), expiry_look);
        tasks.spawn(stop.clone().run_until_cancelled_owned(watching));
        tasks.spawn(stop.clone().run_until_cancelled_owned(dispatch(audience, events, interrupted)));
        Self { tasks, stop }
    }

    /// Ends.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn dispatch(audience: Audience, mut events: mpsc::Receiver<EngineEvent>, interrupted: Arc<Notify>) {
    let mut batch = Vec::new();
    while events.recv_many(&mut batch, BATCH).await > 0 {
        for event in batch.drain(..) {
            match event {
                EngineEvent::Room { room, event } => audience.hub.offer(&room, event),
                EngineEvent::User { user, event } => audience.tell(user, &event),
                EngineEvent::Interrupted => {
                    audience.missed();
                    interrupted.notify_one();
                }
            }
        }
    }
}

impl Audience {
    /// Anything may have been missed.
    fn missed(&self) {
        self.tokens.forget_all();
        self.hub.missed();
        let look_again = encode::frame(&ServerFrame::RoomsChanged);
        for line in self.sessions.all().iter().filter(|line| line.is_greeted()) {
            line.outbox.push(look_again.clone());
        }
    }

    fn tell(&self, user: UserId, event: &UserEvent) {
        if !matches!(event, UserEvent::RoomsChanged | UserEvent::Read { .. }) {
            self.tokens.forget(user);
        }
        for line in self.sessions.of(user) {
            let revoked = match event {
                UserEvent::LoggedOut { devices } => {
                    line.owner().is_some_and(|owner| devices.contains(&owner.device))
                }
                UserEvent::Deleted => true,
                UserEvent::Renamed { .. } | UserEvent::RoomsChanged | UserEvent::Read { .. } => false,
            };
            if revoked {
                line.outbox.close(Closing::Code(CloseCode::BadToken));
            } else if !line.inbox.push(event.clone()) {
                // It comes back, and finds everything as it is then.
                line.outbox.close(Closing::Code(CloseCode::SlowConsumer));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::DeviceId;

    use super::*;
    use crate::{
        engine::{
            HistoryLimits,
            memory::{MemoryEngine, MemoryOptions},
        },
        login::Login,
        metrics::Metrics,
        sessions::{Owner, Ticket},
        timing::Timing,
    };

    fn audience() -> Audience {
        let (engine, _events) = MemoryEngine::start(MemoryOptions { history: HistoryLimits::events(10) });
        let tokens = Arc::new(Tokens::new(engine.clone(), Arc::new(Login::Own { signer: None })));
        let hub = Hub::start(engine, Arc::new(Metrics::new().unwrap()), Timing::default(), 1_000);
        Audience { hub, sessions: Arc::new(Sessions::new(10, 1_000)), tokens }
    }

    fn greeted(audience: &Audience, owner: Owner) -> Ticket {
        let ticket = audience.sessions.open().unwrap();
        ticket.greet(owner);
        ticket
    }

    fn closing(ticket: &Ticket) -> Option<u16> {
        ticket.line().outbox.closing().map(Closing::code)
    }

    #[tokio::test]
    async fn a_logout_closes_the_sessions_of_those_devices_and_no_others() {
        let (audience, user) = (audience(), UserId::random());
        let [phone, laptop] = [DeviceId::random(), DeviceId::random()];
        let on_phone = greeted(&audience, Owner::for_test(user, phone));
        let on_laptop = greeted(&audience, Owner::for_test(user, laptop));
        let other = greeted(&audience, Owner::for_test(UserId::random(), phone));

        audience.tell(user, &UserEvent::LoggedOut { devices: vec![phone] });
        assert_eq!([&on_phone, &on_laptop, &other].map(closing), [Some(4102), None, None]);
        audience.tell(user, &UserEvent::Deleted);
        assert_eq!([&on_phone, &on_laptop, &other].map(closing), [Some(4102), Some(4102), None]);
    }

    #[tokio::test]
    async fn a_session_that_does_not_get_to_what_concerns_it_is_closed_and_comes_back() {
        let (audience, user) = (audience(), UserId::random());
        let ticket = greeted(&audience, Owner::for_test(user, DeviceId::random()));
        while closing(&ticket).is_none() {
            audience.tell(user, &UserEvent::RoomsChanged);
        }
        assert_eq!(closing(&ticket), Some(4001));
    }
}
