//! What all parts of one running server share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hubbub_protocol::{
    ServerId, UserId,
    limits::{GREETINGS_MIN, GREETINGS_PART, GREETINGS_PER_ADDRESS, Limited, Rates},
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::{
    admission::Admission,
    departures::Departures,
    dispatch::{Audience, Dispatcher},
    drain::Drain,
    engine::{Engine, EngineError, EngineEvent, UserEvent},
    hub::Hub,
    lag::LagMeter,
    limits::Limits,
    login::Login,
    messages::Messages,
    metrics::{Metrics, Snapshot},
    passwords::Passwords,
    places::Places,
    reception::Reception,
    sessions::Sessions,
    timing::Timing,
    tokens::Tokens,
};

/// What a server is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which server it is.
    pub id: ServerId,
    /// How many sessions it takes.
    pub max_connections: usize,
    /// What a session's queue holds.
    pub queue_bytes: usize,
    /// How often who may do what.
    pub rates: Rates,
    /// How long it waits for what.
    pub timing: Timing,
}

/// One running server.
pub struct Server {
    /// Which one.
    pub id: ServerId,
    /// What keeps messages, presence and accounts.
    pub engine: Arc<dyn Engine>,
    /// Whose login it is.
    pub login: Arc<Login>,
    /// Whose tokens are.
    pub tokens: Arc<Tokens>,
    /// Hashes them.
    pub passwords: Passwords,
    /// The rooms.
    pub hub: Hub,
    /// What users say and change.
    pub messages: Messages,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The sockets.
    pub sessions: Arc<Sessions>,
    /// How many are let in at once.
    pub admission: Admission,
    /// Those that have not said hello yet.
    pub greetings: Arc<Places>,
    /// Those that said hello, and are greeted in turn.
    pub reception: Reception,
    /// Who does something too often.
    pub limits: Limits,
    /// Whether they are sent away.
    pub drain: Drain,
    /// Those that ended.
    pub departures: Departures,
    /// How long to wait for what.
    pub timing: Timing,
    /// One task for each socket, and the waits of drains.
    pub tasks: TaskTracker,
    dispatcher: Dispatcher,
    lag: LagMeter,
    engine_reached: AtomicBool,
}

impl Server {
    /// A server without sessions on an engine, whose events come through `events`, with a login.
    ///
    /// # Errors
    /// When the metrics can't be made: a defect.
    pub fn start(
        options: Options,
        login: Login,
        engine: Arc<dyn Engine>,
        events: mpsc::Receiver<EngineEvent>,
    ) -> Result<Arc<Self>, prometheus::Error> {
        let Options { id, max_connections, queue_bytes, rates, timing } = options;
        let metrics = Arc::new(Metrics::new()?);
        let sessions = Arc::new(Sessions::new(max_connections, queue_bytes));
        let tasks = TaskTracker::new();
        let hub = Hub::start(Arc::clone(&engine), Arc::clone(&metrics), timing, queue_bytes);
        let login = Arc::new(login);
        let tokens = Arc::new(Tokens::new(Arc::clone(&engine), Arc::clone(&login)));
        let audience =
            Audience { hub: hub.clone(), sessions: Arc::clone(&sessions), tokens: Arc::clone(&tokens) };
        Ok(Arc::new(Self {
            id,
            hub,
            messages: Messages::new(Arc::clone(&engine), Arc::clone(&metrics), timing.engine_wait),
            login,
            tokens,
            passwords: Passwords::default(),
            dispatcher: Dispatcher::start(audience, events, timing.expiry_look),
            drain: Drain::new(Arc::clone(&sessions), Arc::clone(&engine), tasks.clone()),
            departures: Departures::new(Arc::clone(&engine)),
            engine,
            metrics,
            sessions,
            admission: Admission::new(rates.of(Limited::Admissions)),
            greetings: Places::new(
                GREETINGS_PER_ADDRESS,
                (max_connections / GREETINGS_PART).max(GREETINGS_MIN),
            ),
            reception: Reception::default(),
            limits: Limits::start(rates),
            lag: LagMeter::start(),
            timing,
            tasks,
            engine_reached: AtomicBool::new(false),
        }))
    }

    /// A session was let in, which the engine had a part in.
    pub fn welcomed(&self) {
        self.metrics.accepted();
        self.engine_reached.store(true, Ordering::Relaxed);
    }

    /// Tells every server what concerns a user and was stored. On this one nothing older is remembered from now on.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError> {
        self.tokens.forget(user);
        self.engine.tell(user, event).await
    }

    /// Whether sessions may be sent here: the engine was reached since the start, and the server does not drain.
    /// An engine that is away later does not count: it is away for every server.
    pub fn is_ready(&self) -> Result<(), &'static str> {
        if self.engine.is_up() {
            self.engine_reached.store(true, Ordering::Relaxed);
        }
        if self.drain.is_under_way() {
            Err("draining")
        } else if self.engine_reached.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err("the engine was not reached yet")
        }
    }

    /// The metrics of this moment.
    ///
    /// # Errors
    /// When a value can't be encoded: a defect.
    pub fn encode_metrics(&self) -> Result<String, prometheus::Error> {
        self.metrics.encode(Snapshot {
            connections: self.sessions.greeted(),
            capacity: self.sessions.capacity(),
            rooms: self.hub.rooms(),
            queue_bytes: self.sessions.queue_bytes(),
            lag: self.lag.mean(),
            engine_up: self.engine.is_up(),
            drain: self.drain.state(),
        })
    }

    /// Ends what has no sessions any more.
    pub async fn close(&self) {
        let everyone_is_out = self.departures.close(self.timing.engine_wait).await;
        self.hub.close().await;
        self.dispatcher.close().await;
        // Who was here a moment ago is on the way to another server, and should not be told as gone meanwhile.
        // What is not given back goes with this server's lease, which lasts as long as an entry lingers.
        if everyone_is_out {
            self.engine.close().await;
        }
    }
}
