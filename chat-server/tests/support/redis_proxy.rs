//! Stands between a server and Redis, and does to the server's connections what networks do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// How a message of a sharded channel begins on the wire, behind the sign of its type (`*` in RESP2, `>` in RESP3).
const PUSH: &[u8] = b"3\r\n$8\r\nsmessage\r\n";

/// What has not happened by then never will.
const DEADLINE: Duration = Duration::from_secs(20);

/// Passes on what it gets, until it is dropped.
pub(crate) struct RedisProxy {
    address: SocketAddr,
    rules: Arc<Rules>,
    _tasks: JoinSet<()>,
}

/// What happens to connections.
struct Rules {
    /// Whether messages of subscriptions are dropped, and nothing else.
    deaf: AtomicBool,
    /// How many parts with such messages were dropped.
    dropped: watch::Sender<usize>,
    /// Connections that were made before this one are dead, and nobody is told.
    dead_before: watch::Sender<usize>,
    /// How many there were.
    connections: AtomicUsize,
}

impl RedisProxy {
    /// In front of the Redis at this address, as in `redis://ADDRESS/0`.
    pub(crate) async fn start(redis: &str) -> Self {
        let to = redis.trim_start_matches("redis://").trim_end_matches("/0").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let rules = Arc::new(Rules {
            deaf: AtomicBool::new(false),
            dropped: watch::Sender::new(0),
            dead_before: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
        });
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&rules);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((server, _)) = listener.accept().await {
                let (rules, to) = (Arc::clone(&shared), to.clone());
                let number = rules.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(async move {
                    let Ok(redis) = TcpStream::connect(&to).await else { return };
                    let (from_server, to_server) = server.into_split();
                    let (from_redis, to_redis) = redis.into_split();
                    tokio::select! {
                        () = pass(&rules, number, from_server, to_redis) => {}
                        () = pass(&rules, number, from_redis, to_server) => {}
                    }
                });
            }
        });
        Self { address, rules, _tasks: tasks }
    }

    /// Its address, to give to a server.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Has Redis' messages be dropped, or not any more. Everything else passes.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.rules.deaf.store(deaf, Ordering::SeqCst);
    }

    /// Waits until some were dropped since the start.
    pub(crate) async fn dropped(&self) {
        let mut dropped = self.rules.dropped.subscribe();
        let some = dropped.wait_for(|parts| *parts > 0);
        timeout(DEADLINE, some).await.expect("no message was dropped").expect("the proxy is there");
    }

    /// Makes every connection there is half open: what is sent on it arrives nowhere, and nobody is told.
    pub(crate) fn half_open(&self) {
        self.rules.dead_before.send_replace(self.rules.connections.load(Ordering::SeqCst));
    }
}

async fn pass(
    rules: &Rules,
    number: usize,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
) {
    let mut dead_before = rules.dead_before.subscribe();
    let mut dead = std::pin::pin!(async { dead_before.wait_for(|before| *before > number).await.is_ok() });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            true = &mut dead => return std::future::pending().await,
        };
        let Ok(read @ 1..) = read else { return };
        let part = &buffer[..read];
        // Redis writes whole messages, and few enough come at once that a part has nothing else in it.
        if rules.deaf.load(Ordering::SeqCst) && part[1..].starts_with(PUSH) {
            rules.dropped.send_modify(|parts| *parts += 1);
            continue;
        }
        if to.write_all(part).await.is_err() {
            return;
        }
    }
}
