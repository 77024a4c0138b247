//! The program as it is started: a process of its own, which can be killed.

use std::{net::SocketAddr, process::Stdio, time::Duration};

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
        Self::on_redis_with(redis, name, &[]).await
    }

    /// The same with more flags.
    pub(crate) async fn on_redis_with(redis: &RedisServer, name: &str, flags: &[&str]) -> (Self, SocketAddr) {
        let url = redis.url();
        let on_redis = ["--engine", "redis", "--redis-url", &url, "--server-name", name];
        let mut process = Self::start(&[&on_redis, flags].concat());
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

    /// How long it kept a core busy so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        /// `_SC_CLK_TCK`, which Linux has the same everywhere.
        const TICKS_PER_SECOND: u64 = 100;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().unwrap())).unwrap();
        // proc(5): utime and stime are 14 and 15, counted from 1; the name, 2, is in parentheses.
        let (_, behind_name) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = behind_name.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
    }

    /// Ends it without a word, as kill -9 does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) async fn exit_code(mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap().code()
    }
}
