//! A server in this process on ephemeral ports, and clients for it.

mod balancer;
mod client;
mod engine;
#[path = "../../support/figure.rs"]
mod figure;
mod http;
mod issuer;
mod lean;
mod person;
mod process;
#[path = "../../support/promised.rs"]
mod promised;
#[expect(dead_code, reason = "the conformance suite does more to its Cluster")]
#[path = "../../support/redis_cluster.rs"]
mod redis_cluster;
#[path = "../../support/redis_proxy.rs"]
mod redis_proxy;
#[expect(dead_code, reason = "the conformance suite does more to its Redis")]
#[path = "../../support/redis.rs"]
mod redis_server;
mod witness;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use chat_server::{
    application::{Application, Ports},
    config::Config,
    engine::EngineEvent,
};
use hubbub_protocol::{Message, RoomName, SUBPROTOCOL, ServerId, StreamEvent};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use self::{
    balancer::Balancer,
    client::{Client, Connect},
    engine::Switched,
    figure::figure,
    http::{Answer, request},
    issuer::{Issuer, SigningKey},
    lean::{Lean, number, value},
    person::{Person, read},
    process::{Process, program},
    promised::promised,
    redis_cluster::RedisCluster,
    redis_proxy::RedisProxy,
    redis_server::RedisServer,
    witness::{Account, Witnesses},
};

/// Longer than anything takes here, even on a machine with other work: a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What the admin calls need.
pub(crate) const TOKEN: &str = "a-token-for-tests-only";

pub(crate) struct TestServer {
    pub(crate) ports: Ports,
    stop: CancellationToken,
    running: JoinHandle<std::io::Result<()>>,
    _stop: DropGuard,
}

/// A configuration for tests on ephemeral ports, with more flags. What a test says in a second nobody types in an
/// hour: those rates are off unless a flag sets them.
pub(crate) fn config(flags: &[&str]) -> Config {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&token, TOKEN).unwrap();
    let token = token.path().to_str().unwrap().to_owned();
    let fixed = ["chat-server", "--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0"];
    let fixed = fixed.into_iter().chain(["--server-name", "test", "--admin-token-file", &token]);
    let fixed = fixed.chain(["--rate", "changes=off,user-changes=off,bytes=off"]);
    Config::read(fixed.chain(flags.iter().copied())).unwrap()
}

impl TestServer {
    /// On the memory engine.
    pub(crate) async fn start(config: Config) -> Self {
        Self::run(Application::build(config).await.unwrap())
    }

    /// On an engine that can be switched off, whose events pass through `filter` before the server gets them.
    pub(crate) async fn start_on(
        config: Config,
        filter: impl FnMut(&EngineEvent) -> bool + Send + 'static,
    ) -> (Self, Arc<Switched>) {
        let (engine, events) = Switched::start(filter);
        let id = ServerId("test".into());
        let application = Application::on(config, id, engine.clone(), events).await.unwrap();
        (Self::run(application), engine)
    }

    fn run(application: Application) -> Self {
        let ports = application.ports();
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run(stop.clone()));
        Self { ports, _stop: stop.clone().drop_guard(), stop, running }
    }

    pub(crate) async fn default() -> Self {
        Self::start(config(&[])).await
    }

    /// A client that said hello as a new guest.
    pub(crate) async fn guest(&self) -> Client {
        Client::guest(self.ports.public).await
    }

    /// A client that has not said hello.
    pub(crate) async fn connect(&self) -> Client {
        Connect::to(self.ports.public).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        request(self.ports.public, "GET", path, &[], "").await
    }

    /// Asks for a WebSocket, as a page of `origin` would, and takes the answer as it is.
    pub(crate) async fn ask_for_socket(&self, origin: Option<&str>) -> Answer {
        let mut headers = vec![
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", SUBPROTOCOL),
            ("connection", "upgrade, close"),
        ];
        headers.extend(origin.map(|origin| ("origin", origin)));
        request(self.ports.public, "GET", "/ws", &headers, "").await
    }

    pub(crate) async fn private(&self, path: &str) -> Answer {
        request(self.ports.private, "GET", path, &[], "").await
    }

    /// An admin call with the right token.
    pub(crate) async fn admin(&self, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        request(self.ports.private, "POST", path, &[("authorization", &bearer)], body).await
    }

    /// The value of a metric, with its label if it has one.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        metric(self.ports.private, name).await
    }

    /// Waits until a metric has a value.
    pub(crate) async fn metric_is(&self, name: &str, value: f64) {
        let reached = async {
            while (self.metric(name).await - value).abs() > f64::EPSILON {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reached).await.is_ok();
        assert!(in_time, "{name} is {} instead of {value}", self.metric(name).await);
    }

    /// Has the server stop, as on SIGTERM.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.running)
            .await
            .expect("the server does not end")
            .unwrap()
            .unwrap();
    }
}

/// The value of a metric of the server that has them there.
pub(crate) async fn metric(at: SocketAddr, name: &str) -> f64 {
    let text = request(at, "GET", "/metrics", &[], "").await.body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

/// The messages among what a page of a room has.
pub(crate) fn said(events: Vec<StreamEvent>) -> Vec<Message> {
    let message = |event| if let StreamEvent::Message(message) = event { Some(message) } else { None };
    events.into_iter().filter_map(message).collect()
}

/// A folder with a page as Vite builds it.
pub(crate) fn page(folder: &Path) {
    std::fs::create_dir(folder.join("assets")).unwrap();
    std::fs::write(folder.join("index.html"), "<!doctype html><title>Hubbub</title>").unwrap();
    std::fs::write(folder.join("assets/index-abc123.js"), "export {}").unwrap();
}
