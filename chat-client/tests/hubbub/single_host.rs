//! Three servers behind HAProxy on one host, as `manifests/single-host/` makes them: its haproxy.cfg, its server.toml
//! and the flags of its unit. Their ports are fixed, so that there is one such host at a time.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use super::{
    figure::figure,
    load::{broken, interrupt, number, wait_for_stage},
    promised::promised,
    redis::RedisServer,
    server::{LOOK_AGAIN, Server, hubbub, within},
};

/// HAProxy's, those of the servers, and their private ones.
const PORTS: [u16; 7] = [5000, 4000, 4001, 4002, 4100, 4101, 4102];

/// By then a test that failed has given its ports back.
const PORT_FREE_WITHIN: Duration = Duration::from_secs(10);

/// Nobody waits longer for a move (promise 7).
const GAP: Duration = Duration::from_secs(2);

/// A host that is set up. What it runs ends with it.
pub(crate) struct SingleHost {
    // Ended in this order: nobody is sent to a server that is gone, no server misses its Redis.
    _proxy: Child,
    servers: Vec<Server>,
    redis: RedisServer,
    flags: Vec<String>,
    page: TempDir,
    _only_one: File,
}

impl SingleHost {
    /// Where it is.
    pub(crate) const URL: &str = "http://127.0.0.1:5000";

    /// Starts it, with these flags besides those of the unit.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let only_one = only_one().await;
        for port in PORTS {
            free(port).await;
        }
        let page = TempDir::new().unwrap();
        fs::write(page.path().join("index.html"), "").unwrap();
        let mut host = Self {
            _proxy: haproxy(),
            servers: Vec::new(),
            redis: RedisServer::start(),
            flags: flags.iter().map(ToString::to_string).collect(),
            page,
            _only_one: only_one,
        };
        for instance in 0..3 {
            let server = host.server(instance).await;
            host.servers.push(server);
        }
        within(async {
            while TcpStream::connect(("127.0.0.1", PORTS[0])).await.is_err() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await;
        host
    }

    /// Ends the servers, then the rest.
    pub(crate) async fn end(mut self) {
        self.end_servers().await;
    }

    async fn end_servers(&mut self) {
        for server in std::mem::take(&mut self.servers) {
            server.end().await;
        }
    }

    /// Empties Redis and starts the servers anew.
    pub(crate) async fn forget_everything(&mut self) {
        self.end_servers().await;
        assert_eq!(self.redis.command("FLUSHALL"), "+OK");
        for instance in 0..3 {
            let server = self.server(instance).await;
            self.servers.push(server);
        }
    }

    /// Lets one server hand over its sessions and end, and starts it anew.
    async fn replace(&mut self, instance: usize) {
        self.servers.remove(instance).end().await;
        let server = self.server(instance).await;
        self.servers.insert(instance, server);
    }

    /// Starts a server with the flags of its unit. Redis and page are where this test has them.
    async fn server(&self, instance: usize) -> Server {
        let mut flags = unit_flags(instance);
        flags.push(format!("--redis-url={}", self.redis.url()));
        flags.push(format!("--web={}", self.page.path().display()));
        let server = Server::start_at(flags.iter().chain(&self.flags)).await;
        server.ready().await;
        server
    }
}

fn manifest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/single-host").join(name)
}

/// What the unit of the servers says behind `ExecStart=/usr/local/bin/chat-server`.
fn unit_flags(instance: usize) -> Vec<String> {
    let unit = fs::read_to_string(manifest("hubbub-server@.service")).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let start = start
        .replace("%i", &instance.to_string())
        .replace("%l", "host")
        .replace("%d", manifest("").to_str().unwrap().trim_end_matches('/'));
    start.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// In the foreground and without a master: one process, which ends by its id.
fn haproxy() -> Child {
    let started = Command::new("haproxy")
        .args(["-q", "-db", "-f", manifest("haproxy.cfg").to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    started.unwrap_or_else(|error| panic!("this test needs HAProxy (apt-get install haproxy): {error}"))
}

/// Waits until no other test of this machine has such a host. Given back when the file is closed.
async fn only_one() -> File {
    let file = File::create(std::env::temp_dir().join("hubbub-single-host.lock")).unwrap();
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    locked.await.unwrap().unwrap()
}

/// Waits for the servers of a test that failed a moment ago to be gone; what else has the port has to go first.
async fn free(port: u16) {
    let deadline = Instant::now() + PORT_FREE_WITHIN;
    while let Err(error) = TcpListener::bind(("127.0.0.1", port)) {
        assert!(
            Instant::now() < deadline,
            "port {port} is needed for this test, as manifests/single-host names it: {error}"
        );
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The number behind `key=` or `key = ` in a file of the host.
fn setting(file: &str, key: &str) -> u64 {
    let text = fs::read_to_string(manifest(file)).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
    value.unwrap().trim().parse().unwrap()
}

#[test]
fn a_server_has_the_time_to_drain_before_systemd_kills_it() {
    let drain = setting("server.toml", "drain-seconds");
    // What comes behind the drain: `Application::run` waits three times `Timing::close`.
    let behind = 3 * chat_server::timing::Timing::default().close.as_secs();
    assert!(setting("hubbub-server@.service", "TimeoutStopSec") >= drain + 2 * behind);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_of_one_server_after_the_other_is_noticed_by_nobody() {
    let mut host = SingleHost::start(&["--drain-seconds=5"]).await;
    let words = [
        "load",
        "--json",
        "--server",
        SingleHost::URL,
        "--connections=30",
        "--rooms=3",
        "--rate=30",
        "--hold",
    ];
    let mut load = hubbub(&words).spawn().unwrap();
    wait_for_stage(&mut load, "sending").await;
    for instance in 0..3 {
        host.replace(instance).await;
    }
    interrupt(&load);
    let output = within(load.wait_with_output()).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((broken(&report), output.status.code()), ([0; 4], Some(0)), "{report:#}");
    assert_eq!(number(&report, "refused"), 0, "{report:#}");
    // A client that stood still for longer than the drain was closed by it; it came back as the others did.
    let errors = report["errors"].as_object().unwrap();
    assert!(errors.keys().all(|error| error == "close4000"), "{report:#}");
    let moves = number(&report, "reconnects");
    assert!(moves >= 30, "everybody moved at least once: {report:#}");
    let gap = Duration::from_secs_f64(report["longestGapMs"].as_f64().unwrap() / 1_000.0);
    host.end().await;
    figure(
        "an_upgrade_of_one_server_after_the_other_is_noticed_by_nobody",
        &format!(
            "{moves} moves between servers, longest gap {}: 0 lost, 0 doubled, 0 out of order",
            promised(gap, GAP)
        ),
    );
}
