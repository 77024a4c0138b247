//! The program as it is started: a process of its own, which can be killed.

use std::{net::SocketAddr, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{PATIENCE, RedisServer};

/// Ended with the test.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: Lines<BufReader<ChildStdout>>,
}

/// The program with these flags, on free ports, not started yet.
pub(crate) fn program(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command
        .args(["--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0"])
        .args(flags)
        .kill_on_drop(true);
    command
}

impl Process {
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::spawn(program(flags))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        Self::of(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// One that was started, whose standard output is piped.
    pub(crate) fn of(mut child: Child) -> Self {
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout }
    }

    /// One of the servers on a Redis, by its name, and where it takes clients.
    pub(crate) async fn on_redis(redis: &RedisServer, name: &str) -> (Self, SocketAddr) {
        let url = redis.url();
        let mut process = Self::start(&["--engine", "redis", "--redis-url", &url, "--server-name", name]);
        let public = process.address("chat").await;
        (process, public)
    }

    /// Where it listens, as it says itself: first "chat", then "metrics".
    pub(crate) async fn address(&mut self, what: &str) -> SocketAddr {
        let line = timeout(PATIENCE, self.stdout.next_line()).await.unwrap().unwrap().unwrap();
        line.strip_prefix(&format!("hubbub: {what} at http://"))
            .unwrap_or_else(|| panic!("{line}"))
            .parse()
            .unwrap()
    }

    pub(crate) async fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
    }

    /// Ends it without a word, as kill -9 does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) async fn exit_code(mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap().code()
    }
}
