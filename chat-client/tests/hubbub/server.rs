//! A chat-server for one test.

use std::{ffi::OsString, io, io::Write, net::SocketAddr, process::Stdio, time::Duration};

use chat_client::Endpoint;
use chat_server::{
    application::{Application, Ports},
    config::Config,
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

const ADMIN_TOKEN: &str = "a-token-for-tests-only";

/// Longer than anything takes on a busy machine: whoever waits so long waits for what never comes.
pub(crate) const NEVER: Duration = Duration::from_mins(1);

/// How often it is looked whether something is so.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What comes of `future`, or a test that fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(NEVER, future).await.expect("it never came")
}

/// Runs until it is dropped.
pub(crate) struct Server {
    ports: Ports,
    _token_file: NamedTempFile,
    stop: DropGuard,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// On free ports.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let free = ["--listen=127.0.0.1:0", "--private-listen=127.0.0.1:0"];
        Self::start_at(free.iter().chain(flags)).await
    }

    /// Where the flags say.
    pub(crate) async fn start_at(flags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut token_file = NamedTempFile::new().unwrap();
        token_file.write_all(ADMIN_TOKEN.as_bytes()).unwrap();
        let flags = flags.into_iter().map(|flag| OsString::from(flag.as_ref()));
        let words = ["chat-server", "--admin-token-file"].map(OsString::from).into_iter();
        let words = words.chain([token_file.path().as_os_str().to_owned()]).chain(flags);
        let config = Config::read(words).unwrap();
        let application = Application::build(config).await.unwrap();
        let ports = application.ports();
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run(stop.clone()));
        Self { ports, _token_file: token_file, stop: stop.drop_guard(), running }
    }

    /// Tells it to stop, and waits until it has handed over its sessions and ended.
    pub(crate) async fn end(self) {
        drop(self.stop);
        within(self.running).await.unwrap().unwrap();
    }

    /// Waits until it takes sessions.
    pub(crate) async fn ready(&self) {
        within(async {
            while !self
                .ask_private("GET /readyz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
                .await
                .starts_with("HTTP/1.1 200")
            {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.ports.public
    }

    pub(crate) fn url(&self) -> String {
        url(self.address())
    }

    /// Asks so many sessions to go elsewhere, each at its own time within a second.
    pub(crate) async fn shed(&self, sessions: u32) {
        let body = format!(r#"{{"sessions":{sessions},"overSeconds":5}}"#);
        let request = format!(
            "POST /admin/shed HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        self.private_call(&request).await;
    }

    /// What `/metrics` says.
    pub(crate) async fn metrics(&self) -> String {
        self.private_call("GET /metrics HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await
    }

    async fn private_call(&self, request: &str) -> String {
        let answer = self.ask_private(request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    async fn ask_private(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.ports.private).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

pub(crate) fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(url(address).parse().unwrap(), &[])
}

/// The command, not started yet; ended with the test.
pub(crate) fn hubbub(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.args(words).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command came to.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command to its end.
pub(crate) async fn run(words: &[&str]) -> Outcome {
    let output = within(hubbub(words).output()).await.unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
