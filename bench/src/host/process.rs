//! Processes that are started for a measurement, and end with it.

use std::{
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{Cost, cost, cost::family};

/// By then a server listens on any machine that is not broken.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked whether it listens.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Why a contender can't be measured. It is told in the table, and the run fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The program can't be started.
    #[error("{program} can't be started: {why}")]
    NotStarted {
        /// What was to be started.
        program: String,
        /// What the system says.
        why: String,
    },
    /// It runs, or ran, and nobody can connect.
    #[error("{program} does not listen: {log}")]
    NotListening {
        /// What was started.
        program: String,
        /// The end of what it said.
        log: String,
    },
}

/// Where things are, and where servers run.
#[derive(Debug, Clone)]
pub struct Site {
    /// The core of the servers and of Redis; none: wherever Linux puts them.
    pub server_core: Option<usize>,
    /// The built chat-server.
    pub chat_server: PathBuf,
    /// The built nats-server.
    pub nats_server: PathBuf,
    /// The folder `bench/peers`.
    pub peers: PathBuf,
    /// `manifests/single-host/haproxy.cfg`.
    pub haproxy_config: PathBuf,
}

impl Site {
    /// A site that has chat-server on the engine memory, and nobody else.
    pub fn of_ours(server_core: Option<usize>, chat_server: PathBuf) -> Self {
        let [nats_server, peers, haproxy_config] = [const { PathBuf::new() }; 3];
        Self { server_core, chat_server, nats_server, peers, haproxy_config }
    }
}

/// A process and what it needs on disk; ends when it is dropped.
#[derive(Debug)]
pub struct Process {
    program: String,
    child: Child,
    folder: TempDir,
}

impl Process {
    /// Starts `program` with arguments that may be made for its own folder.
    pub fn start(
        site: &Site,
        program: &str,
        arguments: impl FnOnce(&TempDir) -> io::Result<Vec<String>>,
    ) -> Result<Self, Unavailable> {
        let not_started = |error: io::Error| Unavailable::NotStarted {
            program: program.to_owned(),
            why: error.to_string(),
        };
        let folder = TempDir::new().map_err(not_started)?;
        let arguments = arguments(&folder).map_err(not_started)?;
        let log = File::create(folder.path().join("log")).map_err(not_started)?;
        let mut command = match site.server_core {
            // Replaces itself by the program, so the process is the program's.
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &core.to_string(), program]);
                command
            }
            None => Command::new(program),
        };
        let child = command
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(not_started)?)
            .stderr(log)
            .spawn()
            .map_err(not_started)?;
        Ok(Self { program: program.to_owned(), child, folder })
    }

    /// Waits until somebody takes connections at the address.
    pub async fn listens(&mut self, address: SocketAddr) -> Result<(), Unavailable> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(address).await.is_err() {
            let ended = !matches!(self.child.try_wait(), Ok(None));
            if ended || Instant::now() > deadline {
                return Err(Unavailable::NotListening { program: self.program.clone(), log: self.log() });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// The end of what it said, in one line.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" / ")
    }

    /// The number that the system knows it by.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it cost so far, with all that it started.
    pub fn cost(&self) -> Cost {
        cost(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Who started others does not take them along: workers of nginx would stay.
        let children = family(self.child.id());
        // One that is gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for pid in children.into_iter().skip(1).filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// A port of this machine that nobody has, for a program.
pub fn free_port(program: &str) -> Result<u16, Unavailable> {
    Ok(free_ports(program, 1)?[0])
}

/// So many, each another one: all are held until the last of them is found.
pub fn free_ports(program: &str, count: usize) -> Result<Vec<u16>, Unavailable> {
    let held: io::Result<Vec<_>> = (0..count).map(|_| TcpListener::bind(local(0))).collect();
    held.and_then(|held| held.iter().map(|it| Ok(it.local_addr()?.port())).collect())
        .map_err(|error| Unavailable::NotStarted { program: program.to_owned(), why: error.to_string() })
}

/// A port of this machine.
pub fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
