//! What the operator says of itself: `/metrics` and `/healthz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::reconcile::observe::{Answer, Server};

/// The loop beats once a second. One that did not for so long hangs, and is better started anew.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// The operator's own figures. Clones share them.
#[derive(Debug, Clone)]
pub struct Telemetry {
    registry: Registry,
    ticks: IntCounter,
    failures: IntCounter,
    scrapes: IntCounter,
    silences: IntCounter,
    moves: IntCounter,
    shed: IntCounter,
    leading: IntGauge,
    began: Instant,
    beat: Arc<AtomicU64>,
}

impl Telemetry {
    /// All at zero.
    ///
    /// # Errors
    /// When two figures have the same name: a defect.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let leading =
            IntGauge::new("hubbub_operator_leading", "1 while this operator acts, 0 while another does.")?;
        registry.register(Box::new(leading.clone()))?;
        Ok(Self {
            ticks: counter("hubbub_operator_ticks_total", "Ticks that were finished, of all ChatServers.")?,
            failures: counter(
                "hubbub_operator_tick_failures_total",
                "Ticks that failed and are tried again.",
            )?,
            scrapes: counter("hubbub_operator_scrapes_total", "Servers that were asked for their figures.")?,
            silences: counter(
                "hubbub_operator_scrape_failures_total",
                "Servers that gave no usable answer.",
            )?,
            moves: counter("hubbub_operator_moves_total", "Changes of size, drains and cancelled drains.")?,
            shed: counter(
                "hubbub_operator_shed_total",
                "Sessions that were sent to servers that have fewer.",
            )?,
            leading,
            registry,
            began: Instant::now(),
            beat: Arc::default(),
        })
    }

    /// A tick was finished.
    pub fn ticked(&self, well: bool) {
        if well { self.ticks.inc() } else { self.failures.inc() }
    }

    /// Servers were asked.
    pub fn scraped(&self, servers: &[Server]) {
        let count =
            |of: fn(&Answer) -> bool| servers.iter().filter(|server| of(&server.answer)).count() as u64;
        self.scrapes.inc_by(count(|answer| *answer != Answer::NotStarted));
        self.silences.inc_by(count(|answer| *answer == Answer::Silent));
    }

    /// Something was moved.
    pub fn moved(&self) {
        self.moves.inc();
    }

    /// So many sessions are sent to servers that have fewer.
    pub fn shed(&self, sessions: u64) {
        self.shed.inc_by(sessions);
    }

    /// This operator acts now, or no longer.
    pub fn leads(&self, leading: bool) {
        self.leading.set(leading.into());
    }

    /// The loop is alive.
    pub fn beat(&self) {
        self.beat.store(self.began.elapsed().as_secs(), Ordering::Relaxed);
    }

    fn alive(&self) -> bool {
        let last = Duration::from_secs(self.beat.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(last) < LONGEST_SILENCE
    }
}

/// Answers `/metrics` and `/healthz` until told to stop.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    telemetry: Telemetry,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes =
        Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthz)).with_state(telemetry);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn metrics(State(telemetry): State<Telemetry>) -> Result<String, (StatusCode, String)> {
    TextEncoder::new()
        .encode_to_string(&telemetry.registry.gather())
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn healthz(State(telemetry): State<Telemetry>) -> (StatusCode, &'static str) {
    if telemetry.alive() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the loop hangs\n")
    }
}
