//! A real Redis with two replicas and three Sentinels for a test, on free ports.

use std::path::Path;
use std::time::{Duration, Instant};

use super::redis_server::RedisServer;

/// By then the Sentinels know each other and the replicas on any machine that is not broken.
const COMES_TOGETHER_WITHIN: Duration = Duration::from_mins(1);

/// How often it is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What the Sentinels call the master.
const MASTER: &str = "chat";

/// Running: server 0 begins as the master.
pub(crate) struct RedisSentinel {
    pub(crate) servers: Vec<RedisServer>,
    pub(crate) sentinels: Vec<RedisServer>,
}

impl RedisSentinel {
    /// Starts them. A master that is silent for two seconds is taken for dead, and a replica takes its place.
    ///
    /// # Panics
    /// When they do not come together.
    pub(crate) fn start() -> Self {
        Self::start_with(Duration::from_secs(2))
    }

    /// Starts them for tests in which the master stays: however busy the machine is, it is not taken for dead.
    pub(crate) fn start_patient() -> Self {
        Self::start_with(Duration::from_mins(10))
    }

    fn start_with(patience: Duration) -> Self {
        let master = RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]);
        let port = master.port().to_string();
        let follows = ["--replicaof", &format!("127.0.0.1 {port}"), "--repl-diskless-sync-delay", "0"];
        let servers = vec![master, RedisServer::start_with(&follows), RedisServer::start_with(&follows)];
        wait("replicas follow", || servers[0].text("INFO replication").matches("state=online").count() == 2);
        let sentinels: Vec<_> = (0..3).map(|_| RedisServer::start_from(sentinel)).collect();
        for sentinel in &sentinels {
            assert_eq!(sentinel.command(&format!("SENTINEL MONITOR {MASTER} 127.0.0.1 {port} 2")), "+OK");
            let down_after = format!("down-after-milliseconds {}", patience.as_millis());
            for setting in [&down_after, "failover-timeout 6000", "parallel-syncs 2"] {
                assert_eq!(sentinel.command(&format!("SENTINEL SET {MASTER} {setting}")), "+OK");
            }
        }
        wait("the Sentinels know all", || {
            sentinels.iter().all(|sentinel| {
                let masters = sentinel.text("INFO sentinel");
                masters.contains("slaves=2,sentinels=3")
            })
        });
        Self { servers, sentinels }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let sentinels: Vec<_> =
            self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port())).collect();
        format!("redis-sentinel://{}/{MASTER}", sentinels.join(","))
    }

    /// Loses everything that was written.
    pub(crate) fn flush(&self) {
        assert_eq!(self.servers[0].command("FLUSHALL"), "+OK");
    }

    /// Has a replica take the master's place although nothing is wrong.
    pub(crate) fn fail_over(&self) {
        assert_eq!(self.sentinels[0].command(&format!("SENTINEL FAILOVER {MASTER}")), "+OK");
    }
}

/// A file that a Sentinel writes what it learns to, and how it is started.
fn sentinel(port: u16, directory: &Path) -> Vec<String> {
    let file = directory.join(format!("sentinel-{port}.conf"));
    std::fs::write(&file, "").expect("a file for a Sentinel");
    vec![file.display().to_string(), "--sentinel".to_owned()]
}

fn wait(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + COMES_TOGETHER_WITHIN;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
