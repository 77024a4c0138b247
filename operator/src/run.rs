//! The loop: who leads, which ChatServers there are, and a tick each second for each of them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{PredicateConfig, WatchStreamExt, predicates, watcher};
use kube::{Api, Client, Config, ResourceExt};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::args::{OwnPod, RunOptions};
use crate::crd::ChatServer;
use crate::fence::{Fence, Term};
use crate::lease::Candidate;
use crate::names::{MANAGER, PRIVATE_PORT};
use crate::patience::patient;
use crate::reconcile::{Context, Kept, TickError, reconcile};
use crate::record::Journal;
use crate::servers::Servers;
use crate::telemetry::{self, Telemetry};

/// A tick takes milliseconds, or a second when a server is silent. One that takes this long waits for an API server
/// that will not answer; it can be given up at any point, since all that matters is in the cluster.
pub const LONGEST_TICK: Duration = Duration::from_secs(20);
/// After a tick that failed the next one waits, twice as long each time, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why the operator ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// There is no cluster to look after.
    #[error("no cluster: {0}")]
    Cluster(#[from] kube::config::InferConfigError),
    /// No client can be made for it.
    #[error("can't speak to the cluster: {0}")]
    Client(#[from] kube::Error),
    /// The address for metrics is taken, or not there.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// Two figures have the same name.
    #[error("metrics: {0}")]
    Telemetry(#[from] prometheus::Error),
    /// There is no source of random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Looks after ChatServers until told to stop.
///
/// # Errors
/// When it can't begin. Later on nothing ends it: an API server that is away is waited for.
pub async fn run(options: RunOptions, stop: CancellationToken) -> Result<(), RunError> {
    // Whatever ends this function ends everything that it began.
    let _stop_all = stop.clone().drop_guard();
    let mut config = Config::infer().await?;
    // What fails is tried again in one place.
    config.default_retry = false;
    let once = Client::try_from(config)?;
    let term = Term::default();
    let fenced = patient(once.clone()).with_layer(&Fence(term.clone())).build();
    // The Lease itself is for whoever does not lead yet.
    let client = patient(once).build();
    let telemetry = Telemetry::new()?;
    let address = options.metrics_listen;
    let listen = |source| RunError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    println!("hubbub-operator: metrics at http://{}", listener.local_addr().map_err(listen)?);
    let web = telemetry::serve(telemetry.clone(), listener, stop.clone());

    let identity = identity(options.pod.as_ref())?;
    let namespace = options.namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let pod = options.pod.as_ref();
    let candidate =
        Candidate::new(client, &namespace, identity.clone(), pod, term.clone(), telemetry.clone());
    let context = Arc::new(Context {
        client: fenced,
        servers: Servers::new(PRIVATE_PORT).within(term),
        telemetry: telemetry.clone(),
        reporter: identity,
        journal: Journal::stdout(),
    });
    let (web, ()) = tokio::join!(web, lead(&options, &candidate, context, &stop));
    web.map_err(listen)
}

/// In a pod the pod's name: when the container is started again, the one before is certainly gone, and its Lease goes
/// on. Elsewhere something of its own for each start.
fn identity(pod: Option<&OwnPod>) -> Result<String, RunError> {
    match pod {
        Some(pod) => Ok(pod.pod_name.clone()),
        None => Ok(format!("{MANAGER}-{:08x}", getrandom::u32().map_err(RunError::Random)?)),
    }
}

/// Acts while this operator holds the Lease, and waits for it while not.
async fn lead(options: &RunOptions, candidate: &Candidate, context: Arc<Context>, stop: &CancellationToken) {
    let telemetry = context.telemetry.clone();
    let mut beat = interval(Duration::from_secs(1));
    let mut acquire = Box::pin(candidate.acquire());
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = beat.tick() => {
                telemetry.beat();
                continue;
            }
            () = &mut acquire => {}
        }
        tracing::info!("leading");
        telemetry.leads(true);
        tokio::select! {
            () = stop.cancelled() => {}
            () = candidate.keep() => {}
            // Dropped at once when the lease is lost, and with it every tick that is under way.
            () = watch(options, &context) => {}
        }
        telemetry.leads(false);
        acquire = Box::pin(candidate.acquire());
    }
    if let Err(error) = candidate.release().await {
        tracing::warn!(%error, "can't give the lease back; the next operator waits for its end");
    }
}

/// Watches ChatServers and ticks for each.
async fn watch(options: &RunOptions, context: &Arc<Context>) {
    let api: Api<DeserializeGuard<ChatServer>> = match &options.namespace {
        Some(namespace) => Api::namespaced(context.client.clone(), namespace),
        None => Api::all(context.client.clone()),
    };
    let (store, writer) = reflector::store();
    let changes = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .applied_objects()
        // The operator's own writes to the status don't count as changes.
        .predicate_filter(predicates::generation, PredicateConfig::default());
    let mut changes = pin!(changes);
    let mut second = interval(Duration::from_secs(options.scrape_seconds.get()));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ticks = Ticks::new(Arc::clone(context));
    loop {
        tokio::select! {
            change = changes.next() => match change {
                Some(Ok(object)) => ticks.begin(&object, true),
                Some(Err(error)) => tracing::warn!(%error, "can't watch ChatServers; trying again"),
                None => return,
            },
            _ = second.tick() => {
                context.telemetry.beat();
                ticks.begin_all(&store);
            }
            Some(done) = ticks.running.join_next_with_id() => ticks.end(done, &store),
        }
    }
}

/// Namespace and name.
type Key = (String, String);
/// What a tick gives back, and how it ended.
type Ticked = (Kept, Result<(), TickError>);
type Guarded = Arc<DeserializeGuard<ChatServer>>;

/// The ticks that run, one at a time for each ChatServer, and what is kept between them. Dropping it ends them.
struct Ticks {
    context: Arc<Context>,
    running: JoinSet<Ticked>,
    keys: HashMap<Id, Key>,
    slots: HashMap<Key, Slot>,
}

/// One ChatServer between two ticks.
#[derive(Default)]
struct Slot {
    /// `None` while a tick has it.
    kept: Option<Kept>,
    busy: bool,
    /// The spec was changed while a tick ran.
    again: bool,
    failures: u32,
    not_before: Option<Instant>,
}

impl Ticks {
    fn new(context: Arc<Context>) -> Self {
        Self { context, running: JoinSet::new(), keys: HashMap::new(), slots: HashMap::new() }
    }

    fn begin_all(&mut self, store: &Store<DeserializeGuard<ChatServer>>) {
        let objects = store.state();
        let there: Vec<Key> = objects.iter().map(|object| key(object)).collect();
        self.slots.retain(|key, slot| {
            let keep = slot.busy || there.contains(key);
            if !keep {
                self.context.telemetry.forget(&key.0, &key.1);
            }
            keep
        });
        for object in objects {
            self.begin_shared(&object, false);
        }
    }

    fn begin(&mut self, object: &DeserializeGuard<ChatServer>, changed: bool) {
        self.begin_shared(&Arc::new(object.clone()), changed);
    }

    fn begin_shared(&mut self, object: &Guarded, changed: bool) {
        let chat_server = match &object.0 {
            Ok(chat_server) if chat_server.metadata.deletion_timestamp.is_none() => chat_server.clone(),
            Ok(_) => return,
            Err(invalid) => {
                if changed {
                    tracing::warn!(chatserver = object.name_any(), %invalid, "can't be read; left as it is");
                }
                return;
            }
        };
        let key = key(object);
        let slot = self.slots.entry(key.clone()).or_default();
        if slot.busy {
            slot.again |= changed;
            return;
        }
        if !changed && slot.not_before.is_some_and(|at| Instant::now() < at) {
            return;
        }
        slot.busy = true;
        let mut kept = slot.kept.take().unwrap_or_default();
        let context = Arc::clone(&self.context);
        let task = self.running.spawn(async move {
            let tick = Box::pin(reconcile(&context, &chat_server, &mut kept, Timestamp::now()));
            let result = timeout(LONGEST_TICK, tick).await.unwrap_or(Err(TickError::Late));
            (kept, result)
        });
        self.keys.insert(task.id(), key);
    }

    fn end(&mut self, done: Result<(Id, Ticked), JoinError>, store: &Store<DeserializeGuard<ChatServer>>) {
        let (id, kept, result) = match done {
            Ok((id, (kept, result))) => (id, Some(kept), result),
            Err(error) => (error.id(), None, Err(TickError::Panicked)),
        };
        let Some(key) = self.keys.remove(&id) else { return };
        let Some(slot) = self.slots.get_mut(&key) else { return };
        slot.busy = false;
        slot.kept = kept;
        self.context.telemetry.ticked(result.is_ok());
        match result {
            Ok(()) => {
                slot.failures = 0;
                slot.not_before = None;
            }
            Err(error) => {
                let wait = wait(slot.failures);
                slot.failures = slot.failures.saturating_add(1);
                slot.not_before = Some(Instant::now() + wait);
                tracing::warn!(namespace = key.0, chatserver = key.1, %error, wait = wait.as_secs(), "tick failed");
            }
        }
        if std::mem::take(&mut slot.again)
            && let Some(object) = store.find(|object| self::key(object) == key)
        {
            self.begin_shared(&object, true);
        }
    }
}

/// 1, 2, 4, ... seconds, at most [`LONGEST_WAIT`].
fn wait(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(10)).min(LONGEST_WAIT)
}

fn key(object: &DeserializeGuard<ChatServer>) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}
