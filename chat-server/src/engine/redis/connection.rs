//! One connection to one Redis server, made anew whenever it is lost.
//!
//! fred could reconnect by itself, but it does not notice a server that answers nothing any more, and does not tell
//! reliably when what depends on a connection (subscriptions) has to be done again. So a fred client lives exactly
//! as long as its connection; a watchdog pings it, and a new one takes its place.
//!
//! The ping is a write that changes nothing: a server that takes no writes (a replica, a master without the replicas
//! that it needs) is no master to us. Its connection is given up, and it is asked anew which server is the master:
//! by name here, of the Sentinels or the Cluster in `topology`.
//!
//! What was sent on a connection that was given up may still be on its way, and would undo what was done since: a
//! session that left would be entered again. So whoever connects again has Redis end the connection of before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fred::prelude::{Builder, Client, ClientInterface, ClientLike, Error, KeysInterface, PerformanceConfig};
use fred::types::InfoKind;
use fred::types::client::ClientKillFilter;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::url::Node;

/// The first Redis that has sharded channels.
const OLDEST_REDIS: u64 = 7;

/// How long connecting may take, with TLS and authentication.
const CONNECT: Duration = Duration::from_secs(1);

/// The pause between two attempts to connect.
pub(super) const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// How often a connection is pinged.
const PING_INTERVAL: Duration = Duration::from_millis(500);

/// How long a ping may take.
const PING_TIMEOUT: Duration = Duration::from_millis(750);

/// A connection that left this many pings in a row unanswered is given up: after 2 s at most, so that a call that
/// began on it ends before it is taken for dead, and the next one finds another.
const PINGS_MISSED: u32 = 2;

/// How many messages of subscriptions may wait where there are none: fred needs a queue there, too.
pub(super) const NO_QUEUE: usize = 16;

/// A client whose connection is there, as far as is known.
#[derive(Clone)]
pub(super) struct Live {
    /// To talk through.
    pub(super) client: Client,
    /// Which process answers: another one at the same address is another life of the server.
    pub(super) process: Arc<str>,
}

/// A connection that was given up, as its server knows it.
struct Former {
    process: Arc<str>,
    id: i64,
}

impl Former {
    /// What a connection is when it is given up.
    fn of(Live { client, process }: &Live) -> Option<Self> {
        let id = client.connection_ids().into_values().next()?;
        Some(Self { process: Arc::clone(process), id })
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Commands of all kinds.
    Commands,
    /// Sharded subscriptions, with at most so many messages that wait to be read. fred keeps eight such queues for
    /// each client.
    Subscriptions(usize),
    /// Waiting for replicas.
    Replication,
}

/// What the connections of a topology tell it.
pub(super) struct Signals {
    /// A server is not what it was taken for: it is to be asked which is.
    doubt: watch::Sender<()>,
    /// How often a connection for commands was made again. What was written before may be lost.
    remade: watch::Sender<u64>,
}

impl Signals {
    /// Nothing happened yet.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { doubt: watch::Sender::new(()), remade: watch::Sender::new(0) })
    }

    /// It is to be asked which servers there are.
    pub(super) fn doubt(&self) {
        self.doubt.send_replace(());
    }

    /// Each doubt.
    pub(super) fn doubts(&self) -> watch::Receiver<()> {
        self.doubt.subscribe()
    }

    /// Something that was written may be lost.
    pub(super) fn remade(&self) {
        self.remade.send_modify(|times| *times += 1);
    }

    /// Each time that something may be lost.
    pub(super) fn remakes(&self) -> watch::Receiver<u64> {
        self.remade.subscribe()
    }
}

/// A connection to one Redis server, through all its breaks.
pub(super) struct Connection {
    node: Node,
    purpose: Purpose,
    /// What the ping writes to: a key of a slot that the server has.
    probe: Mutex<Arc<str>>,
    current: watch::Sender<Option<Live>>,
    /// Why it is away, in words.
    trouble: Mutex<String>,
    /// Whether calls succeed.
    pub(super) health: Health,
    signals: Arc<Signals>,
    /// Has it pinged at once.
    suspicion: Notify,
}

/// Since when calls fail.
#[derive(Default)]
pub(super) struct Health(Mutex<Option<Instant>>);

impl Health {
    /// When the first call began that failed since one succeeded.
    pub(super) fn failing_since(&self) -> Option<Instant> {
        *lock(&self.0)
    }

    /// A call failed that began then.
    pub(super) fn failed(&self, began: Instant) {
        lock(&self.0).get_or_insert(began);
    }

    /// A call succeeded.
    pub(super) fn succeeded(&self) {
        *lock(&self.0) = None;
    }
}

impl Connection {
    /// One that is away until [`Connection::keep`] runs.
    pub(super) fn new(node: Node, purpose: Purpose, probe: &str, signals: Arc<Signals>) -> Self {
        Self {
            node,
            purpose,
            probe: Mutex::new(probe.into()),
            current: watch::Sender::new(None),
            trouble: Mutex::new("not connected yet".to_owned()),
            health: Health::default(),
            signals,
            suspicion: Notify::new(),
        }
    }

    /// Whether it is there, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        self.current.borrow().is_some()
    }

    /// Whether this is the id of the client of now.
    pub(super) fn is_on(&self, client: &str) -> bool {
        self.current.borrow().as_ref().is_some_and(|live| live.client.id() == client)
    }

    /// The client of now and of each time after: `None` while there is none.
    pub(super) fn watch(&self) -> watch::Receiver<Option<Live>> {
        self.current.subscribe()
    }

    /// What the ping writes to.
    pub(super) fn probe(&self) -> Arc<str> {
        Arc::clone(&lock(&self.probe))
    }

    /// From now on the ping writes to this key.
    pub(super) fn set_probe(&self, key: &str) {
        *lock(&self.probe) = key.into();
    }

    /// Its server answered what a master does not: it is looked at now.
    pub(super) fn suspect(&self) {
        self.suspicion.notify_one();
        self.signals.doubt();
    }

    /// Why it is away, or was the last time.
    pub(super) fn trouble(&self) -> String {
        lock(&self.trouble).clone()
    }

    /// Connects, and connects again, for ever. `replaces` says whether another server was there before this one.
    pub(super) async fn keep(&self, replaces: bool) {
        let mut again = replaces;
        let mut former: Option<Former> = None;
        loop {
            match self.connect(former.as_ref()).await {
                Ok((live, task)) => {
                    former = Former::of(&live);
                    tracing::info!(redis = %self.node, purpose = ?self.purpose, "connected");
                    self.current.send_replace(Some(live.clone()));
                    if again && self.purpose == Purpose::Commands {
                        self.signals.remade();
                    }
                    again = true;
                    let lost = self.watch_over(&live.client, task).await;
                    self.current.send_replace(None);
                    tracing::warn!(redis = %self.node, purpose = ?self.purpose, reason = lost, "connection lost");
                    self.set_trouble(lost);
                }
                Err(error) => self.set_trouble(error.to_string()),
            }
            self.signals.doubt();
            sleep(RECONNECT_PAUSE).await;
        }
    }

    async fn connect(&self, former: Option<&Former>) -> Result<(Live, Task), Error> {
        let capacity = match self.purpose {
            Purpose::Commands | Purpose::Replication => NO_QUEUE,
            Purpose::Subscriptions(capacity) => capacity,
        };
        let (client, task) = open(&self.node, CONNECT, capacity).await?;
        if let Some(version) = client.server_version().filter(|version| version.major < OLDEST_REDIS) {
            let needed = format!("it is Redis {version}; {OLDEST_REDIS} or newer is needed");
            return Err(Error::new(fred::error::ErrorKind::Config, needed));
        }
        // A Redis that reads its file answers, but with an error.
        match self.ping(&client).await {
            Err(error) if !is_elsewhere(&error) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let info: String = client.info(Some(InfoKind::Server)).await?;
        let process = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().into();
        let live = Live { client, process };
        if let Some(former) = former {
            self.end(former, &live).await?;
        }
        Ok((live, task))
    }

    /// Has the server end the connection of before, if it is still the same process.
    async fn end(&self, former: &Former, live: &Live) -> Result<(), Error> {
        if former.process != live.process {
            return Ok(());
        }
        let filter = vec![ClientKillFilter::ID(former.id.to_string())];
        match timeout(PING_TIMEOUT, live.client.client_kill::<u64>(filter)).await {
            Ok(Ok(_)) => Ok(()),
            // A user who may not do it is no reason to do without Redis.
            Ok(Err(error)) if error.details().starts_with("NOPERM") => {
                tracing::warn!(redis = %self.node, %error, "what was sent last may be done late");
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::new(fred::error::ErrorKind::Timeout, "CLIENT KILL was not answered")),
        }
    }

    /// Asks for a write that changes nothing.
    async fn ping(&self, client: &Client) -> Result<(), Error> {
        let probe = self.probe();
        match timeout(PING_TIMEOUT, client.unlink::<(), _>(&*probe)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(fred::error::ErrorKind::Timeout, "a ping was not answered")),
        }
    }

    /// Returns when the connection is lost or to be given up, and why.
    async fn watch_over(&self, client: &Client, mut task: Task) -> String {
        let mut missed = 0;
        loop {
            tokio::select! {
                ended = &mut task => return match ended {
                    Ok(Err(error)) => error.to_string(),
                    Ok(Ok(())) | Err(_) => "closed".to_owned(),
                },
                () = self.suspicion.notified() => {}
                () = sleep(PING_INTERVAL) => {}
            }
            match self.ping(client).await {
                Ok(()) => missed = 0,
                Err(error) if takes_no_writes(&error) => return error.to_string(),
                Err(error) if is_elsewhere(&error) => {
                    self.signals.doubt();
                    // An answer to SUNSUBSCRIBE, of which fred expects none, may have been taken for ours: then all
                    // answers behind it are taken for those of the next command.
                    if matches!(self.purpose, Purpose::Subscriptions(_)) {
                        return error.to_string();
                    }
                    missed = 0;
                }
                Err(_) => missed += 1,
            }
            if missed == PINGS_MISSED {
                return format!("{missed} pings were not answered");
            }
        }
    }

    /// Notes why it is away, and logs it when it is another reason than before.
    fn set_trouble(&self, trouble: String) {
        let mut noted = lock(&self.trouble);
        if *noted != trouble {
            tracing::warn!(redis = %self.node, reason = trouble, "not connected");
            *noted = trouble;
        }
    }
}

/// The task behind a client. When it is dropped the connection is closed, and all that wait for answers are told.
pub(super) type Task = AbortOnDropHandle<Result<(), Error>>;

/// Connects once.
pub(super) async fn open(node: &Node, within: Duration, capacity: usize) -> Result<(Client, Task), Error> {
    let client = Builder::from_config(node.config())
        .with_connection_config(|connection| {
            connection.connection_timeout = within;
            connection.internal_command_timeout = within;
            // A second attempt by fred could store a message twice: whoever calls decides.
            connection.max_command_attempts = 1;
            connection.tcp.nodelay = Some(true);
        })
        .set_performance_config(PerformanceConfig {
            broadcast_channel_capacity: capacity,
            ..PerformanceConfig::default()
        })
        .build()?;
    let task = AbortOnDropHandle::new(client.init().await?);
    Ok((client, task))
}

/// The client there is, or the next one. Waits for ever when there will be none.
pub(super) async fn next_client(current: &mut watch::Receiver<Option<Live>>) -> Live {
    match current.wait_for(Option::is_some).await.map(|live| live.clone()) {
        Ok(Some(live)) => live,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// Whether the server says that another one has the key.
pub(super) fn is_elsewhere(error: &Error) -> bool {
    ["MOVED ", "ASK "].iter().any(|answer| error.details().starts_with(answer))
}

/// Whether the server says that it takes no writes: it is a replica, lacks replicas or can't write its file.
pub(super) fn takes_no_writes(error: &Error) -> bool {
    ["READONLY", "NOREPLICAS", "MISCONF", "MASTERDOWN"]
        .iter()
        .any(|answer| error.details().starts_with(answer))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use fred::error::ErrorKind;

    use super::*;

    #[test]
    fn a_server_that_is_no_master_is_told_from_one_that_is_busy() {
        let error = |details: &'static str| Error::new(ErrorKind::Unknown, details);
        assert!(takes_no_writes(&error("READONLY You can't write against a read only replica.")));
        assert!(takes_no_writes(&error("NOREPLICAS Not enough good replicas to write.")));
        assert!(!takes_no_writes(&error("OOM command not allowed")));
        assert!(is_elsewhere(&error("MOVED 3999 127.0.0.1:6381")));
        assert!(!is_elsewhere(&error("CLUSTERDOWN Hash slot not served")));
    }
}
