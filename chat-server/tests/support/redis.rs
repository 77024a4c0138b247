//! A real Redis for a test: on a free port, in a directory of its own, ended with the test.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// By then a Redis answers on any machine that is not broken.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// How often it is looked whether it answers.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Its log, in its directory.
const LOG: &str = "redis.log";

/// A running redis-server.
pub(crate) struct RedisServer {
    port: u16,
    directory: TempDir,
    settings: Vec<String>,
    child: Child,
}

impl RedisServer {
    /// Starts one that writes nothing to disk by itself.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one that has written to disk what it answers to.
    pub(crate) fn start_with_file() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts one with settings as on the command line of redis-server.
    ///
    /// # Panics
    /// When there is no redis-server, or it does not start: a test that needs it has failed then.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        Self::start_from(|_, _| ["--save", ""].iter().chain(settings).map(ToString::to_string).collect())
    }

    /// Starts one with settings that are made for its port and its directory.
    pub(crate) fn start_from(settings: impl Fn(u16, &Path) -> Vec<String>) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        // Somebody else may take the port between our looking and the server's binding: then another one.
        for _ in 0..10 {
            let port = free_port();
            let settings = settings(port, directory.path());
            let mut child = spawn(port, &directory, &settings);
            if answers(port, &mut child) {
                return Self { port, directory, settings, child };
            }
        }
        panic!("redis-server did not start: {}", log(&directory));
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Does one command, given as in redis-cli without quotes, and returns the first line of the answer.
    pub(crate) fn command(&self, command: &str) -> String {
        command_at(self.port, command).expect("an answer of redis-server")
    }

    /// As [`RedisServer::command`], for a command whose answer is a text; empty when it does not answer with one.
    pub(crate) fn text(&self, command: &str) -> String {
        text_at(self.port, command).unwrap_or_default()
    }

    /// All that is in it, in whatever form.
    pub(crate) fn dump(&self) -> String {
        let script = include_str!("dump.lua");
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "EVAL", script, "0"])
            .output()
            .expect("redis-cli, which comes with redis-server");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As [`RedisServer::text`], for a command that answers with several texts.
    pub(crate) fn texts(&self, command: &str) -> Vec<String> {
        texts_at(self.port, command).unwrap_or_default()
    }

    /// Ends it without a word, as kill -9 does. What it did not write to disk is lost.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("a process to wait for");
    }

    /// Starts it again, at the same address, with what is on disk.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, &self.directory, &self.settings);
        assert!(
            answers(self.port, &mut self.child),
            "redis-server did not start again: {}",
            log(&self.directory)
        );
    }

    /// Stops it: it keeps its connections and answers nothing.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a process that takes signals");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may be gone already; the test has said all there is to say.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends these servers when this process ends, in whatever way: a shell waits for that and does it.
pub(crate) fn end_with_this_process<'a>(servers: impl IntoIterator<Item = &'a RedisServer>) -> Child {
    let script = "read -r _; kill -9 $1; rm -rf $2";
    let (processes, directories): (Vec<_>, Vec<_>) = servers
        .into_iter()
        .map(|server| (server.child.id().to_string(), server.directory.path().display().to_string()))
        .unzip();
    // Its input ends with this process, or with the child's handle.
    Command::new("sh")
        .args(["-c", script, "sh", &processes.join(" "), &directories.join(" ")])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell")
}

/// A port that nobody has now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn spawn(port: u16, directory: &TempDir, settings: &[String]) -> Child {
    let started = Command::new("redis-server")
        // A file of settings comes first.
        .args(settings.iter().take_while(|setting| !setting.starts_with("--")))
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--loglevel", "warning"])
        .arg("--dir")
        .arg(directory.path())
        .arg("--logfile")
        .arg(directory.path().join(LOG))
        .args(settings.iter().skip_while(|setting| !setting.starts_with("--")))
        .stdin(Stdio::null())
        .spawn();
    match started {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test needs redis-server 7 or newer: apt-get install redis-server")
        }
        Err(error) => panic!("redis-server can't be started: {error}"),
    }
}

/// Waits until the server answers; false when it ended, or another one answers at its port, as one of a test beside this that
/// was faster.
fn answers(port: u16, child: &mut Child) -> bool {
    let deadline = Instant::now() + STARTS_WITHIN;
    while Instant::now() < deadline {
        if child.try_wait().expect("a child to ask").is_some() {
            return false;
        }
        if command_at(port, "PING").is_ok_and(|answer| answer == "+PONG")
            && let Ok(info) = text_at(port, "INFO server")
        {
            if info.contains(&format!("process_id:{}\r", child.id())) {
                return true;
            }
            break;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn log(directory: &TempDir) -> String {
    std::fs::read_to_string(directory.path().join(LOG))
        .unwrap_or_else(|error| format!("it has no log: {error}"))
}

fn command_at(port: u16, command: &str) -> std::io::Result<String> {
    let mut line = String::new();
    ask(port, command)?.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn text_at(port: u16, command: &str) -> std::io::Result<String> {
    read_text(&mut ask(port, command)?)
}

fn texts_at(port: u16, command: &str) -> std::io::Result<Vec<String>> {
    let mut answer = ask(port, command)?;
    let number = read_number(&mut answer, '*')?;
    (0..number).map(|_| read_text(&mut answer)).collect()
}

fn ask(port: u16, command: &str) -> std::io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(STARTS_WITHIN))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    Ok(BufReader::new(stream))
}

fn read_text(answer: &mut impl BufRead) -> std::io::Result<String> {
    let length = read_number(answer, '$')?;
    let mut text = vec![0; length + "\r\n".len()];
    answer.read_exact(&mut text)?;
    text.truncate(length);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The number behind a sign; 0 when there is another one.
fn read_number(answer: &mut impl BufRead, sign: char) -> std::io::Result<usize> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    Ok(line.trim_end().strip_prefix(sign).and_then(|number| number.parse().ok()).unwrap_or(0))
}
