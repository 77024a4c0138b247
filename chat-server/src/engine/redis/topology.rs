//! Which Redis server is asked for which key.

use std::future::pending;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fred::types::config::Server;
use fred::util::redis_keyslot;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::calls::{self, Calls};
use super::connection::{Connection, Health, Purpose, Signals};
use super::replicas::Replicas;
use super::url::{Access, Layout, RedisUrl};
use super::{cluster, keys, sentinel};

/// How many messages wait between fred and the engine at most before some are lost and the hub is told so: a third
/// of a second at 25,000 messages a second.
const SUBSCRIPTION_QUEUE: usize = 8_192;

/// All slots of a Cluster. Where there is none, one server has them all.
pub(super) const ALL_SLOTS: RangeInclusive<u16> = 0..=16_383;

/// A server that takes writes, with one connection for commands and one for subscriptions: a burst of messages
/// delays no command, and a slow script no message.
pub(super) struct Master {
    /// Which it is.
    pub(super) server: Server,
    /// For commands.
    pub(super) commands: Arc<Connection>,
    /// For sharded subscriptions.
    pub(super) subscriptions: Arc<Connection>,
    /// The client whose messages are read: a subscription on another one is not in force yet.
    pub(super) heard: watch::Sender<Option<String>>,
    /// What replicas have of what was written.
    pub(super) replicas: Replicas,
    /// Keep the connections; they end with the master.
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// Slots next to each other that one server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// From and to which.
    pub(super) slots: RangeInclusive<u16>,
    /// Which has them.
    pub(super) server: Server,
}

/// Which master has which slots, at one time.
#[derive(Default)]
pub(super) struct Map {
    /// In the order of the slots.
    parts: Vec<(RangeInclusive<u16>, Arc<Master>)>,
}

impl Map {
    /// The master that has a slot, if any is known.
    pub(super) fn master_of(&self, slot: u16) -> Option<&Arc<Master>> {
        let next = self.parts.partition_point(|(slots, _)| *slots.end() < slot);
        self.parts.get(next).filter(|(slots, _)| slots.contains(&slot)).map(|(_, master)| master)
    }

    /// All masters, each once.
    pub(super) fn masters(&self) -> Vec<Arc<Master>> {
        let mut masters: Vec<Arc<Master>> = Vec::new();
        for (_, master) in &self.parts {
            if !masters.iter().any(|known| Arc::ptr_eq(known, master)) {
                masters.push(Arc::clone(master));
            }
        }
        masters
    }

    /// Whether every slot has a master.
    fn is_whole(&self) -> bool {
        let slots: usize = self.parts.iter().map(|(slots, _)| slots.len()).sum();
        slots == ALL_SLOTS.len()
    }

    fn is(&self, parts: &[Part]) -> bool {
        self.parts.len() == parts.len()
            && self
                .parts
                .iter()
                .zip(parts)
                .all(|((slots, master), part)| *slots == part.slots && master.server == part.server)
    }
}

/// The masters there are. All that names a key asks here which of them has it; a Redis that stands alone has all.
pub(super) struct Topology {
    url: RedisUrl,
    ack_replicas: u8,
    /// How long a call is tried before its caller is told that Redis is away.
    patience: Duration,
    map: watch::Sender<Arc<Map>>,
    signals: Arc<Signals>,
    /// Of calls for slots that nobody has.
    health: Health,
    /// Why nobody is known to have a slot.
    trouble: Mutex<String>,
}

/// The way to the master of a key, whichever it is at the time.
pub(super) struct Route<'a> {
    /// For commands.
    pub(super) commands: Calls<'a>,
    /// For sharded subscriptions.
    pub(super) subscriptions: Calls<'a>,
}

impl Topology {
    /// What an address names; nothing is connected until [`Topology::keep`] runs.
    pub(super) fn new(url: RedisUrl, ack_replicas: u8, patience: Duration) -> Self {
        Self {
            url,
            ack_replicas,
            patience,
            map: watch::Sender::default(),
            signals: Signals::new(),
            health: Health::default(),
            trouble: Mutex::new("not connected yet".to_owned()),
        }
    }

    /// When a call that begins now is given up.
    pub(super) fn patience(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Whether calls on a connection are answered, as far as is known.
    fn answers(&self, health: &Health) -> bool {
        calls::has_time(self.patience, Instant::now(), health.failing_since())
    }

    /// When a call is given up that was to be given up at `asked`, after what happened to those before it.
    pub(super) fn give_up_at(&self, asked: Instant, health: &Health) -> Instant {
        calls::give_up_at(self.patience, asked, Instant::now(), health.failing_since())
    }

    /// The way to the master that has a key or channel, for a call that begins now.
    pub(super) fn of(&self, key: &str) -> Route<'_> {
        let slot = slot(key);
        Route {
            commands: Calls::new(self, slot, |master| &master.commands),
            subscriptions: Calls::new(self, slot, |master| &master.subscriptions),
        }
    }

    /// Who has what now.
    pub(super) fn map(&self) -> Arc<Map> {
        Arc::clone(&self.map.borrow())
    }

    /// Who has what, now and after each change.
    pub(super) fn maps(&self) -> watch::Receiver<Arc<Map>> {
        self.map.subscribe()
    }

    /// Whether all masters are there and answer, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        let map = self.map();
        map.is_whole()
            && map.masters().iter().all(|master| {
                master.commands.is_up()
                    && self.answers(&master.commands.health)
                    && master.subscriptions.is_up()
            })
    }

    /// Whether there is no master to which there are both connections: a session needs both. Whether calls are answered is
    /// not asked: that heals with the next call, and who asks this makes none while it is so.
    pub(super) fn is_away(&self) -> bool {
        let both = |master: &Arc<Master>| master.commands.is_up() && master.subscriptions.is_up();
        !self.map().masters().iter().any(both)
    }

    /// Each time that a master was lost and is back, or another one is in its place: what was written last may be
    /// lost with it.
    pub(super) fn remakes(&self) -> watch::Receiver<u64> {
        self.signals.remakes()
    }

    /// Of calls for slots that nobody has.
    pub(super) fn health(&self) -> &Health {
        &self.health
    }

    /// Why nobody is known to have a slot.
    pub(super) fn trouble(&self) -> String {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes why nobody is known to have a slot.
    pub(super) fn set_trouble(&self, trouble: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// What connections have to say.
    pub(super) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Connects, and follows the masters wherever they go, for ever.
    pub(super) async fn keep(&self) {
        match self.url.layout() {
            Layout::Alone(node) => {
                let parts = [Part { slots: ALL_SLOTS, server: node.server() }];
                self.adopt(&parts, &node.access());
                pending::<()>().await;
            }
            Layout::Cluster(nodes) => cluster::follow(self, nodes).await,
            Layout::Sentinel { sentinels, master, access } => {
                sentinel::follow(self, sentinels, master, access).await;
            }
        }
    }

    /// From now on these servers have these slots. Connections to masters that stay are kept.
    pub(super) fn adopt(&self, parts: &[Part], access: &Access) {
        self.map.send_if_modified(|map| {
            if map.is(parts) {
                return false;
            }
            let mut masters = map.masters();
            // The first masters replace nobody.
            let replaces = !masters.is_empty();
            let with_master = |part: &Part| {
                let known = masters.iter().find(|master| master.server == part.server).cloned();
                let master = known.unwrap_or_else(|| {
                    tracing::info!(redis = %part.server, slots = ?part.slots, "a master");
                    let master = Arc::new(self.master(part, access, replaces));
                    masters.push(Arc::clone(&master));
                    master
                });
                (part.slots.clone(), master)
            };
            let parts: Vec<_> = parts.iter().map(with_master).collect();
            for (slots, master) in &parts {
                // The key of before may be another one's now.
                let probe = keys::probe(slots);
                master.commands.set_probe(&probe);
                master.subscriptions.set_probe(&probe);
            }
            *map = Arc::new(Map { parts });
            true
        });
    }

    fn master(&self, part: &Part, access: &Access, replaces: bool) -> Master {
        let probe = keys::probe(&part.slots);
        let connection = |purpose| {
            let node = access.at(part.server.clone());
            Arc::new(Connection::new(node, purpose, &probe, Arc::clone(&self.signals)))
        };
        let commands = connection(Purpose::Commands);
        let subscriptions = connection(Purpose::Subscriptions(SUBSCRIPTION_QUEUE));
        let keep = |connection: &Arc<Connection>| {
            let connection = Arc::clone(connection);
            AbortOnDropHandle::new(tokio::spawn(async move { connection.keep(replaces).await }))
        };
        Master {
            server: part.server.clone(),
            heard: watch::Sender::new(None),
            replicas: Replicas::new(self.ack_replicas, || connection(Purpose::Replication)),
            _tasks: [keep(&commands), keep(&subscriptions)],
            commands,
            subscriptions,
        }
    }

    /// Ends all connections.
    pub(super) fn close(&self) {
        self.map.send_replace(Arc::default());
    }
}

/// In which slot a key or channel is.
pub(super) fn slot(key: &str) -> u16 {
    redis_keyslot(key.as_bytes())
}
