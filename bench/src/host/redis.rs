//! What Redis itself says of its work, with its command INFO.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::local;

/// Counted since it began. Its processor time is told in microseconds here, in `/proc` in hundredths of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedisWork {
    /// User and system time.
    pub cpu: Duration,
    /// Commands, with those that scripts call.
    pub commands: u64,
    /// Of them those that publish.
    pub publishes: u64,
    /// Bytes that it read.
    pub read: u64,
    /// Bytes that it wrote.
    pub written: u64,
}

impl RedisWork {
    /// Asks the Redis at a port of this machine.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn ask(port: u16) -> io::Result<Self> {
        Ok(Self::parse(&redis_command(port, "INFO everything").await?))
    }

    /// Reads the answer to INFO; what is not in it counts as nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hubbub_bench::host::RedisWork;
    /// let text = "used_cpu_sys:0.250001\r\nused_cpu_user:0.5\r\ntotal_commands_processed:7\r\n\
    ///             cmdstat_spublish:calls=3,usec=4,usec_per_call=1.33\r\n";
    /// let work = RedisWork::parse(text);
    /// assert_eq!((work.cpu, work.commands, work.publishes), (Duration::from_micros(750_001), 7, 3));
    /// ```
    pub fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let named = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            named.unwrap_or_default().trim()
        };
        let count = |name: &str| value(name).parse().unwrap_or(0);
        let calls = |name: &str| {
            let calls = value(name).strip_prefix("calls=").and_then(|rest| rest.split(',').next());
            calls.and_then(|calls| calls.parse().ok()).unwrap_or(0)
        };
        let seconds = |name: &str| {
            let seconds = value(name).parse().unwrap_or_default();
            Duration::try_from_secs_f64(seconds).unwrap_or_default()
        };
        Self {
            cpu: seconds("used_cpu_sys") + seconds("used_cpu_user"),
            commands: count("total_commands_processed"),
            publishes: calls("cmdstat_spublish") + calls("cmdstat_publish"),
            read: count("total_net_input_bytes"),
            written: count("total_net_output_bytes"),
        }
    }

    /// What it did between `before` and this, each a second of `length`: CPU in microseconds, commands, publishes, bytes
    /// read, bytes written.
    #[expect(clippy::cast_precision_loss, reason = "a trial has not 2^52 commands")]
    pub fn a_second_since(self, before: Self, length: Duration) -> [f64; 5] {
        let cpu = self.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6;
        let more = |after: u64, before: u64| after.saturating_sub(before) as f64;
        [
            cpu,
            more(self.commands, before.commands),
            more(self.publishes, before.publishes),
            more(self.read, before.read),
            more(self.written, before.written),
        ]
        .map(|value| value / length.as_secs_f64())
    }
}

/// One command as a line (Redis takes these as well as RESP) to the Redis at a port of this machine, and all that it
/// answers until it closes.
///
/// # Errors
/// When it can't be asked, or the answer begins with "-".
pub async fn redis_command(port: u16, words: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(local(port)).await?;
    stream.write_all(format!("{words}\r\nQUIT\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if answer.starts_with('-') { Err(io::Error::other(format!("{words}: {answer}"))) } else { Ok(answer) }
}
