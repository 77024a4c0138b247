//! A store of messages, the servers on it, and what tests say to them.

use std::process::Child;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chat_server::engine::memory::{MemoryEngine, MemoryOptions};
use chat_server::engine::redis::{RedisEngine, RedisOptions};
use chat_server::engine::{
    Content, Draft, Engine, EngineEvent, HistoryLimits, Page, Published, Range, RoomEvent,
};
use hubbub_protocol::{
    Message, MessageId, MessageText, RoomName, ServerFrame, Timestamp, User, UserId, UserName,
};
use tokio::sync::{Mutex, MutexGuard, mpsc};
use tokio::time::timeout;

use crate::redis_cluster::RedisCluster;
use crate::redis_sentinel::RedisSentinel;
use crate::redis_server::{self, RedisServer};

/// How many messages of a room the engines keep here.
pub(crate) const HISTORY: usize = 1_000;

/// What does not happen by then never will.
const DEADLINE: Duration = Duration::from_mins(1);

/// How often a condition is looked at that nobody tells of.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What servers share.
pub(crate) enum World {
    /// Nothing.
    Memory,
    /// A Redis.
    Redis(RedisServer),
    /// A Redis Cluster, which this test has for itself until it ends.
    Cluster(MutexGuard<'static, Shared<RedisCluster>>),
    /// A Redis with Sentinels, likewise.
    Sentinel(MutexGuard<'static, Shared<RedisSentinel>>),
}

/// Those that the tests use one after the other: they take seconds to come together.
static CLUSTER: LazyLock<Mutex<Shared<RedisCluster>>> = LazyLock::new(|| {
    let redis = RedisCluster::start();
    let guard = redis_server::end_with_this_process(&redis.nodes);
    Mutex::new(Shared { redis, _guard: guard })
});
static SENTINEL: LazyLock<Mutex<Shared<RedisSentinel>>> = LazyLock::new(|| {
    let redis = RedisSentinel::start_patient();
    let guard = redis_server::end_with_this_process(redis.servers.iter().chain(&redis.sentinels));
    Mutex::new(Shared { redis, _guard: guard })
});

/// Several servers that end with this process.
pub(crate) struct Shared<T> {
    redis: T,
    _guard: Child,
}

impl World {
    pub(crate) fn memory() -> Self {
        Self::Memory
    }

    pub(crate) fn redis() -> Self {
        Self::Redis(RedisServer::start())
    }

    pub(crate) async fn redis_cluster() -> Self {
        let shared = CLUSTER.lock().await;
        shared.redis.flush();
        Self::Cluster(shared)
    }

    pub(crate) async fn redis_sentinel() -> Self {
        let shared = SENTINEL.lock().await;
        shared.redis.flush();
        Self::Sentinel(shared)
    }

    /// A server.
    pub(crate) async fn server(&self) -> Server {
        self.server_that_keeps(HistoryLimits::events(HISTORY)).await
    }

    /// A server on a Redis whose lease lasts so long.
    pub(crate) async fn server_with_lease(&self, presence_lease: Duration) -> Server {
        Server::up_at_url(&self.url(), presence_lease).await
    }

    /// All that is in Redis, in whatever form.
    pub(crate) fn dump(&self) -> String {
        match self {
            Self::Memory => String::new(),
            Self::Redis(redis) => redis.dump(),
            Self::Cluster(shared) => shared.redis.nodes[..3].iter().map(RedisServer::dump).collect(),
            Self::Sentinel(shared) => shared.redis.servers[0].dump(),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Memory => panic!("nobody shares it"),
            Self::Redis(redis) => redis.url(),
            Self::Cluster(shared) => shared.redis.url(),
            Self::Sentinel(shared) => shared.redis.url(),
        }
    }

    /// A server that keeps so much of a room. Its calls wait as long as the tests do: the machine may stand still for
    /// longer than a client is made to wait.
    pub(crate) async fn server_that_keeps(&self, history: HistoryLimits) -> Server {
        if let Self::Memory = self {
            let (engine, events) = MemoryEngine::start(MemoryOptions { history });
            return Server { engine, events };
        }
        let options = redis_options(&self.url(), history);
        Server::up_with(RedisOptions { patience: DEADLINE / 2, ..options }).await
    }
}

/// A server's engine and what it tells.
pub(crate) struct Server {
    pub(crate) engine: Arc<dyn Engine>,
    events: mpsc::Receiver<EngineEvent>,
}

impl Server {
    /// One on Redis, when it has reached it.
    pub(crate) async fn on_redis(redis: &RedisServer, presence_lease: Duration) -> Self {
        Self::up_at_url(&redis.url(), presence_lease).await
    }

    /// One at an address, when it has reached it.
    pub(crate) async fn up_at_url(url: &str, presence_lease: Duration) -> Self {
        let options = redis_options(url, HistoryLimits::events(HISTORY));
        Self::up_with(RedisOptions { presence_lease, ..options }).await
    }

    /// One with these settings, when it has reached its Redis.
    async fn up_with(options: RedisOptions) -> Self {
        let server = Self::with(options);
        until("the engine is up", async || server.engine.is_up()).await;
        server
    }

    /// One on a Redis that may not be there.
    pub(crate) fn at_url(url: &str, presence_lease: Duration) -> Self {
        let options = redis_options(url, HistoryLimits::events(HISTORY));
        Self::with(RedisOptions { presence_lease, ..options })
    }

    /// One with these settings.
    pub(crate) fn with(options: RedisOptions) -> Self {
        let (engine, events) = RedisEngine::start(options);
        Self { engine, events }
    }

    /// Stores a message.
    pub(crate) async fn say(&self, room: &RoomName, text: &str) -> Published {
        self.engine.publish(draft(room, text)).await.expect("a message that is stored")
    }

    /// Stores a message however often it has to be tried.
    pub(crate) async fn insist(&self, draft: &Draft) -> Published {
        let attempts = async {
            loop {
                if let Ok(published) = self.engine.publish(draft.clone()).await {
                    return published;
                }
            }
        };
        timeout(DEADLINE, attempts).await.expect("a message that is stored in the end")
    }

    /// A page.
    pub(crate) async fn page(&self, room: &RoomName, range: Range) -> Page {
        self.engine.history(room, range).await.expect("a page of history")
    }

    /// All messages that are kept.
    pub(crate) async fn all(&self, room: &RoomName) -> Vec<Message> {
        messages(&self.page(room, Range::After { offset: 0, limit: usize::MAX >> 1 }).await)
    }

    /// What is told next.
    pub(crate) async fn event(&mut self) -> EngineEvent {
        timeout(DEADLINE, self.events.recv()).await.expect("an event").expect("an engine that tells")
    }

    /// What is told next of a room.
    pub(crate) async fn room_event(&mut self) -> (RoomName, RoomEvent) {
        match self.event().await {
            EngineEvent::Room { room, event } => (room, event),
            other => panic!("not of a room: {other:?}"),
        }
    }

    /// Waits for an event, whatever is told before.
    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&EngineEvent) -> bool) -> EngineEvent {
        loop {
            let event = self.event().await;
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits until it is told that subscriptions were interrupted and are back.
    pub(crate) async fn interruption(&mut self) {
        self.wait_for(|event| *event == EngineEvent::Interrupted).await;
    }

    /// Waits until a room's members are these.
    pub(crate) async fn wait_for_members(&self, room: &RoomName, expected: &[&User]) {
        until("the members are as expected", async || {
            let roster = self.engine.roster(room, 100).await;
            roster.is_ok_and(|roster| {
                roster.count == expected.len() && expected.iter().all(|user| roster.members.contains(user))
            })
        })
        .await;
    }
}

fn redis_options(url: &str, history: HistoryLimits) -> RedisOptions {
    RedisOptions::new(url.parse().expect("the address of a Redis"), history, "test".to_owned())
}

/// Waits until a condition holds that nobody tells of.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    assert!(timeout(DEADLINE, looking).await.is_ok(), "waited in vain until {what}");
}

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room's name")
}

pub(crate) fn user(name: &str) -> User {
    User { id: UserId::random(), name: UserName::parse(name).expect("a user's name") }
}

/// A message that nobody sent before.
pub(crate) fn draft(room: &RoomName, text: &str) -> Draft {
    Draft {
        room: room.clone(),
        id: MessageId::random(),
        user: user("Ada"),
        content: Content::Message { text: MessageText::parse(text).expect("a text"), mentions: vec![] },
        time: Timestamp::from_unix_millis(1_769_846_709_042),
    }
}

/// The messages of a page, decoded, each checked against its offset.
pub(crate) fn messages(page: &Page) -> Vec<Message> {
    page.messages.iter().map(|stored| decode(stored.offset, &stored.frame)).collect()
}

/// The message in a frame.
pub(crate) fn decode(offset: u64, frame: &str) -> Message {
    match serde_json::from_str(frame).expect("a frame of the protocol") {
        ServerFrame::Message(message) => {
            assert_eq!(message.offset, offset);
            message
        }
        other => panic!("not a message: {other:?}"),
    }
}

/// What a message that is told says.
pub(crate) fn told_text(event: &EngineEvent) -> Option<String> {
    match event {
        EngineEvent::Room { event: RoomEvent::Message { message, .. }, .. } => {
            Some(decode(message.offset, &message.frame).text.to_string())
        }
        _ => None,
    }
}
