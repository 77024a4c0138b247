//! What the server counts, under the names of `hubbub_protocol::metrics`.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hubbub_protocol::{
    CloseCode,
    metrics::{
        ACCEPT_RATE, ACCEPTED, CAPACITY, CLOSED, CONNECTIONS, DELIVERIES, DRAIN_STATE, DrainState, ENGINE_UP,
        EVENT_LOOP_LAG, PUBLISHED, REFUSED, ROOMS, Refusal, SEND_QUEUE_BYTES,
    },
};
use prometheus::{Encoder, Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::{rate::Rate, session::outbox::Closing};

/// What is looked up at the moment of a scrape, instead of being kept up to date all the time.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot {
    /// Sessions that said hello and are open.
    pub connections: usize,
    /// How many the server takes.
    pub capacity: usize,
    /// Rooms with a member here.
    pub rooms: usize,
    /// Bytes that wait in all queues.
    pub queue_bytes: usize,
    /// How late timers fire.
    pub lag: Duration,
    /// Whether the engine answers.
    pub engine_up: bool,
    /// Whether the server drains.
    pub drain: DrainState,
}

/// The counters and gauges.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    published: IntCounter,
    deliveries: IntCounter,
    accepted: IntCounter,
    refused: IntCounterVec,
    closed: IntCounterVec,
    connections: IntGauge,
    capacity: IntGauge,
    rooms: IntGauge,
    queue_bytes: IntGauge,
    accept_rate: Gauge,
    lag: Gauge,
    engine_up: IntGauge,
    drain_state: IntGauge,
    began: Instant,
    accepts: Mutex<Rate>,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// When two have the same name: a defect.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let closed = IntCounterVec::new(
            Opts::new(CLOSED, "Sessions that the server closed, by close code."),
            &["code"],
        )?;
        registry.register(Box::new(closed.clone()))?;
        // A series that is there from the start can be added up from the start.
        let codes = CloseCode::ALL.map(Closing::Code).into_iter().chain([Closing::TryAgainLater]);
        codes.for_each(|closing| drop(closed.with_label_values(&[closing.code().to_string()])));
        let refused = IntCounterVec::new(
            Opts::new(REFUSED, "Connections that were refused, by reason: only full asks for more servers."),
            &["reason"],
        )?;
        registry.register(Box::new(refused.clone()))?;
        for why in Refusal::ALL {
            refused.with_label_values(&[why.as_str()]);
        }
        let accept_rate = Gauge::new(
            ACCEPT_RATE,
            "Sessions taken per second, over the last ten seconds or since the start.",
        )?;
        registry.register(Box::new(accept_rate.clone()))?;
        let lag = Gauge::new(EVENT_LOOP_LAG, "How late timers fire, as a mean of the last ten seconds.")?;
        registry.register(Box::new(lag.clone()))?;
        Ok(Self {
            published: counter(PUBLISHED, "Messages that this server stored for its sessions.")?,
            deliveries: counter(DELIVERIES, "Frames of rooms put into the queues of sessions.")?,
            accepted: counter(ACCEPTED, "Sessions that were taken.")?,
            connections: gauge(CONNECTIONS, "Sessions that said hello and are open.")?,
            capacity: gauge(CAPACITY, "How many sessions the server takes at most.")?,
            rooms: gauge(ROOMS, "Rooms with a member on this server.")?,
            queue_bytes: gauge(SEND_QUEUE_BYTES, "Bytes that wait in the queues of all sessions.")?,
            engine_up: gauge(ENGINE_UP, "1 while the engine answers, else 0.")?,
            drain_state: gauge(DRAIN_STATE, "0 serving, 1 draining, 2 drained.")?,
            refused,
            accept_rate,
            lag,
            closed,
            registry,
            began: Instant::now(),
            accepts: Mutex::default(),
        })
    }

    /// Frames of rooms were put into so many queues.
    pub fn delivered(&self, frames: usize) {
        self.deliveries.inc_by(frames as u64);
    }

    /// A message was stored.
    pub fn published(&self) {
        self.published.inc();
    }

    /// A session was taken.
    pub fn accepted(&self) {
        self.accepted.inc();
        self.accepts.lock().unwrap_or_else(PoisonError::into_inner).record(self.began.elapsed());
    }

    /// A connection was refused.
    pub fn refused(&self, why: Refusal) {
        self.refused.with_label_values(&[why.as_str()]).inc();
    }

    /// The server closed a session.
    pub fn closed(&self, closing: Closing) {
        self.closed.with_label_values(&[closing.code().to_string()]).inc();
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Errors
    /// When a value can't be encoded: a defect.
    pub fn encode(&self, snapshot: Snapshot) -> Result<String, prometheus::Error> {
        let Snapshot { connections, capacity, rooms, queue_bytes, lag, engine_up, drain } = snapshot;
        self.connections.set(number(connections));
        self.capacity.set(number(capacity));
        self.rooms.set(number(rooms));
        self.queue_bytes.set(number(queue_bytes));
        self.lag.set(lag.as_secs_f64());
        self.engine_up.set(i64::from(engine_up));
        self.drain_state.set(i64::from(drain as u8));
        let rate =
            self.accepts.lock().unwrap_or_else(PoisonError::into_inner).per_second(self.began.elapsed());
        self.accept_rate.set(rate);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
