//! The engine for several servers: they meet in Redis 7 or newer, and nowhere else.
//!
//! | file | subject |
//! |---|---|
//! | `url`, `options` | the address, checked, and the settings |
//! | `connection` | one connection, made anew when lost |
//! | `topology` | which server has which key |
//! | `cluster`, `cluster_view`, `sentinel`, `poll` | how that is found out, and followed through failovers |
//! | `calls` | a call to the server that has a key, with a deadline |
//! | `replicas` | waiting until replicas have what was written |
//! | `keys`, `scripts` | what is in Redis and what is done to it |
//! | `broker`, `presence`, `sessions`, `records`, `rooms` | the contracts; accounts are records |
//! | `subscriptions`, `events` | what comes in |
//! | `lease`, `entries` | what ends with this server: who is where, and who is connected |
//! | `sweep` | when others' sessions are swept |

mod broker;
mod calls;
mod cluster;
mod cluster_view;
mod connection;
mod entries;
mod events;
mod keys;
mod lease;
mod options;
mod poll;
mod presence;
mod records;
mod replicas;
mod rooms;
mod scripts;
mod sentinel;
mod sessions;
mod subscriptions;
mod sweep;
mod topology;
mod url;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fred::prelude::{PubsubInterface, Value};
use hubbub_protocol::UserId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::entries::Entries;
use self::subscriptions::Subscriptions;
use self::topology::Topology;
use super::{EVENT_QUEUE, Engine, EngineError, EngineEvent, UserEvent};

pub use self::options::RedisOptions;
pub use self::url::{InvalidRedisUrl, RedisUrl};

/// The engine for several servers.
///
/// When it is dropped without [`Engine::close`], its server is gone without a word: the others sweep after it.
pub struct RedisEngine {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

/// What the tasks and the calls share.
struct Shared {
    options: RedisOptions,
    topology: Topology,
    subscriptions: Subscriptions,
    entries: Entries,
    /// Whether the latest renewal of the lease succeeded: a Redis may answer and refuse all that writes.
    renewed: AtomicBool,
}

impl RedisEngine {
    /// An engine, and where its events come out. It connects in the background, again and again: until it did,
    /// calls are answered with [`EngineError::Unavailable`](super::EngineError::Unavailable).
    pub fn start(options: RedisOptions) -> (Arc<Self>, mpsc::Receiver<EngineEvent>) {
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let topology = Topology::new(options.url.clone(), options.ack_replicas, options.patience);
        let shared = Arc::new(Shared {
            options,
            topology,
            subscriptions: Subscriptions::new(events),
            entries: Entries::new(),
            renewed: AtomicBool::new(false),
        });

        let mut tasks = JoinSet::new();
        let topology = Arc::clone(&shared);
        tasks.spawn(async move { topology.topology.keep().await });
        let subscriptions = Arc::clone(&shared);
        tasks.spawn(async move { subscriptions.subscriptions.keep(&subscriptions.topology).await });
        let lease = Arc::clone(&shared);
        tasks.spawn(async move { lease.keep_lease().await });
        (Arc::new(Self { shared, tasks: Mutex::new(tasks) }), receiver)
    }
}

#[async_trait]
impl Engine for RedisEngine {
    fn is_up(&self) -> bool {
        let Shared { renewed, subscriptions, topology, .. } = &*self.shared;
        renewed.load(Ordering::Relaxed) && subscriptions.hears_control(topology) && topology.is_up()
    }

    fn is_away(&self) -> bool {
        self.shared.topology.is_away()
    }

    async fn tell(&self, user: UserId, event: UserEvent) -> Result<(), EngineError> {
        let payload = Value::Bytes(events::control(user, &event)?);
        let connection = self.shared.topology.of(keys::CONTROL).commands;
        connection
            .call(|client| {
                let payload = payload.clone();
                async move { client.spublish(keys::CONTROL, payload).await }
            })
            .await
    }

    async fn close(&self) {
        self.shared.give_back().await;
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.shared.topology.close();
    }
}

/// A number as scripts take it.
fn number(number: usize) -> Value {
    number.to_string().into()
}
