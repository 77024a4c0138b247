//! What the operator says of itself: `/metrics`, `/healthz` and `/readyz`.

use std::cmp::Ordering as Compared;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::crd::ChatServerStatus;
use crate::reconcile::observe::{Answer, Server};
use crate::record::Record;

/// The loop beats once a second. One that did not for so long hangs, and is better started anew.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);
/// The API server is asked for the Lease every two seconds, and may take ten to answer.
const LONGEST_DEAFNESS: Duration = Duration::from_secs(30);
/// From a pod's answer on the same node to the second that a silent one costs, and beyond.
const LOOK_SECONDS: [f64; 9] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

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
    decisions: IntCounterVec,
    looks: Histogram,
    desired: IntGaugeVec,
    current: IntGaugeVec,
    ready: IntGaugeVec,
    leading: IntGauge,
    began: Instant,
    beat: Arc<AtomicU64>,
    /// When the API server answered last, in seconds since the beginning and one more; 0 when it never did.
    heard: Arc<AtomicU64>,
}

impl Telemetry {
    /// All at zero.
    ///
    /// # Errors
    /// When two figures have the same name: a defect.
    pub fn new() -> Result<Self, prometheus::Error> {
        fn kept<C: Collector + Clone + 'static>(
            registry: &Registry,
            figure: C,
        ) -> Result<C, prometheus::Error> {
            registry.register(Box::new(figure.clone())).map(|()| figure)
        }
        let registry = Registry::new();
        let counter = |name: &str, help: &str| kept(&registry, IntCounter::new(name, help)?);
        let replicas = |name: &str, help: &str| {
            kept(&registry, IntGaugeVec::new(Opts::new(name, help), &["namespace", "chatserver"])?)
        };
        let leading =
            IntGauge::new("hubbub_operator_leading", "1 while this operator acts, 0 while another does.")?;
        let decisions = IntCounterVec::new(
            Opts::new(
                "hubbub_operator_decisions_total",
                "Decisions by which something else was to be done than before, by where the size went.",
            ),
            &["direction"],
        )?;
        // There from the beginning, so that a rate has something to begin from.
        for direction in ["up", "down", "none"] {
            decisions.with_label_values(&[direction]);
        }
        let looks = Histogram::with_opts(
            HistogramOpts::new(
                "hubbub_operator_look_seconds",
                "How long it took to ask all servers of a ChatServer.",
            )
            .buckets(LOOK_SECONDS.to_vec()),
        )?;
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
            decisions: kept(&registry, decisions)?,
            looks: kept(&registry, looks)?,
            desired: replicas("hubbub_operator_desired_replicas", "Servers that there should be.")?,
            current: replicas(
                "hubbub_operator_current_replicas",
                "Servers that there are, those that drain included.",
            )?,
            ready: replicas("hubbub_operator_ready_replicas", "Servers that take sessions.")?,
            leading: kept(&registry, leading)?,
            registry,
            began: Instant::now(),
            beat: Arc::default(),
            heard: Arc::default(),
        })
    }

    /// A tick was finished.
    pub fn ticked(&self, well: bool) {
        if well { self.ticks.inc() } else { self.failures.inc() }
    }

    /// Servers were asked, which took so long.
    pub fn scraped(&self, servers: &[Server], took: Duration) {
        self.looks.observe(took.as_secs_f64());
        let count =
            |of: fn(&Answer) -> bool| servers.iter().filter(|server| of(&server.answer)).count() as u64;
        self.scrapes.inc_by(count(|answer| *answer != Answer::NotStarted));
        self.silences.inc_by(count(|answer| *answer == Answer::Silent));
    }

    /// Something else is to be done than before.
    pub fn decided(&self, record: &Record) {
        let direction = match record.decision.replicas.cmp(&record.observation.staying()) {
            Compared::Greater => "up",
            Compared::Less => "down",
            Compared::Equal => "none",
        };
        self.decisions.with_label_values(&[direction]).inc();
    }

    /// What was told of a ChatServer.
    pub fn told(&self, namespace: &str, chat_server: &str, status: &ChatServerStatus) {
        let labels = [namespace, chat_server];
        self.desired.with_label_values(&labels).set(status.desired_replicas.into());
        self.current.with_label_values(&labels).set(status.replicas.into());
        self.ready.with_label_values(&labels).set(status.ready_replicas.into());
    }

    /// A ChatServer is gone.
    pub fn forget(&self, namespace: &str, chat_server: &str) {
        for gauge in [&self.desired, &self.current, &self.ready] {
            // An error says that nothing was told of it.
            let _ = gauge.remove_label_values(&[namespace, chat_server]);
        }
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
        if !leading {
            // They are for the one that acts to tell.
            for gauge in [&self.desired, &self.current, &self.ready] {
                gauge.reset();
            }
        }
    }

    /// The API server answered.
    pub fn heard(&self) {
        self.heard.store(self.began.elapsed().as_secs() + 1, Ordering::Relaxed);
    }

    /// All figures, as Prometheus reads them.
    ///
    /// # Errors
    /// When one can't be written: a defect.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// The loop is alive.
    pub fn beat(&self) {
        self.beat.store(self.began.elapsed().as_secs(), Ordering::Relaxed);
    }

    /// Whether the loop went on within the last minute.
    pub fn is_alive(&self) -> bool {
        let last = Duration::from_secs(self.beat.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(last) < LONGEST_SILENCE
    }

    /// Whether this operator could act, if it were its turn: the API server answered within the last 30 s.
    pub fn is_ready(&self) -> bool {
        let heard = self.heard.load(Ordering::Relaxed);
        let since = self.began.elapsed().saturating_sub(Duration::from_secs(heard));
        heard > 0 && since < LONGEST_DEAFNESS
    }
}

/// Answers `/metrics`, `/healthz` and `/readyz` until told to stop.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    telemetry: Telemetry,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(telemetry);
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn metrics(State(telemetry): State<Telemetry>) -> Result<String, (StatusCode, String)> {
    telemetry.text().map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

async fn healthz(State(telemetry): State<Telemetry>) -> (StatusCode, &'static str) {
    if telemetry.is_alive() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the loop hangs\n")
    }
}

/// Ready also while another one leads: a rollout of the operator waits for it before it ends the one that does.
async fn readyz(State(telemetry): State<Telemetry>) -> (StatusCode, &'static str) {
    if telemetry.is_ready() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the API server does not answer\n")
    }
}
