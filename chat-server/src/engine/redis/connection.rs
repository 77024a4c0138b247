//! One connection to one Redis server, made anew whenever it is lost.
//!
//! fred could reconnect by itself, but it does not notice a server that answers nothing any more, and does not tell
//! reliably when what depends on a connection (subscriptions) has to be done again. So a fred client lives exactly
//! as long as its connection; a watchdog pings it, and a new one takes its place.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fred::prelude::{Builder, Client, ClientLike, Config, Error, FromValue, Key, PerformanceConfig, Value};
use fred::types::scripts::Script;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::scripts;
use crate::engine::EngineError;

/// How long a call is tried before its caller is told that Redis is away: the promise of docs/protocol.md is 2 s,
/// the rest is for the way to the client.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// When a call that begins now is given up.
pub(super) fn patience() -> Instant {
    Instant::now() + PATIENCE
}

/// How long one attempt of a call may take. A healthy Redis answers in a few milliseconds; the rest is for one that
/// rewrites its file or forks.
const ATTEMPT: Duration = Duration::from_millis(600);

/// How long a call is tried when Redis has answered none for [`PATIENCE`]: one attempt, for many times as long as a
/// healthy Redis takes. A session's frames are handled one after the other, and each that waited wholly would keep
/// the next from being answered in time.
const LAST_TRY: Duration = Duration::from_millis(20);

/// When a call is given up that was to be given up at `asked`, if none has succeeded since one began at `trouble`.
///
/// A call that begins with the trouble waits wholly, one that begins a second later a second less, and those that
/// begin when the patience is over have one short try.
fn give_up_at(asked: Instant, now: Instant, trouble: Option<Instant>) -> Instant {
    trouble.map_or(asked, |trouble| asked.min((trouble + PATIENCE).max(now + LAST_TRY)))
}

/// The pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The first Redis that has sharded channels.
const OLDEST_REDIS: u64 = 7;

/// How long connecting may take, with TLS and authentication.
const CONNECT: Duration = Duration::from_secs(1);

/// The pause between two attempts to connect.
pub(super) const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// How often a connection is pinged.
const PING_INTERVAL: Duration = Duration::from_millis(500);

/// How long a ping may take.
const PING_TIMEOUT: Duration = Duration::from_millis(750);

/// A connection that left this many pings in a row unanswered is given up: after 2 s at most, so that a call that
/// began on it ends before it is taken for dead, and the next one finds another.
const PINGS_MISSED: u32 = 2;

/// A connection to one Redis server, through all its breaks.
pub(super) struct Connection {
    config: Config,
    /// How many messages of subscriptions may wait to be read. fred keeps eight such queues for each client.
    capacity: usize,
    current: watch::Sender<Option<Client>>,
    /// Why it is away, in words.
    trouble: Mutex<String>,
    /// When the first call began that failed since one succeeded.
    failing_since: Mutex<Option<Instant>>,
}

impl Connection {
    /// One that is away until [`Connection::keep`] runs.
    pub(super) fn new(config: Config, capacity: usize) -> Self {
        let trouble = Mutex::new("not connected yet".to_owned());
        Self { config, capacity, current: watch::Sender::new(None), trouble, failing_since: Mutex::default() }
    }

    /// Whether it is there, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        self.current.borrow().is_some()
    }

    /// Whether calls are answered, as far as is known: not when they have [`LAST_TRY`] only.
    pub(super) fn answers(&self) -> bool {
        let now = Instant::now();
        give_up_at(now + PATIENCE, now, *self.failing()) > now + LAST_TRY
    }

    /// The client of now and of each time after: `None` while there is none.
    pub(super) fn watch(&self) -> watch::Receiver<Option<Client>> {
        self.current.subscribe()
    }

    /// Connects, and connects again, for ever.
    pub(super) async fn keep(&self) {
        loop {
            match self.connect().await {
                Ok((client, task)) => {
                    tracing::info!(redis = %self.address(), "connected");
                    self.current.send_replace(Some(client.clone()));
                    let lost = watch_over(&client, task).await;
                    self.current.send_replace(None);
                    tracing::warn!(redis = %self.address(), reason = lost, "connection lost");
                    self.set_trouble(lost);
                }
                Err(error) => self.set_trouble(error.to_string()),
            }
            sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Runs a script; see [`Connection::call`].
    pub(super) async fn run<T: FromValue>(
        &self,
        deadline: Instant,
        script: &Script,
        keys: &[Key],
        arguments: &[Value],
    ) -> Result<T, EngineError> {
        self.call(deadline, |client| async move { scripts::run(script, &client, keys, arguments).await })
            .await
    }

    /// Calls until it succeeds or the deadline is over; not for so long when Redis has been away for a while, see
    /// [`give_up_at`]. The call has to be one that may be done twice: an answer that was lost does not tell whether
    /// it was done.
    pub(super) async fn call<T, F, Answer>(&self, deadline: Instant, call: F) -> Result<T, EngineError>
    where
        F: Fn(Client) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        let deadline = give_up_at(deadline, Instant::now(), *self.failing());
        self.insist(deadline, call).await
    }

    /// Calls until it succeeds or the deadline is over, however long Redis has been away: for tasks that no session
    /// waits for, and that find out in this way that it is back.
    pub(super) async fn insist<T, F, Answer>(&self, deadline: Instant, call: F) -> Result<T, EngineError>
    where
        F: Fn(Client) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        let began = Instant::now();
        let answer = self.attempts(deadline, began, call).await;
        if answer.is_ok() {
            *self.failing() = None;
        }
        answer
    }

    async fn attempts<T, F, Answer>(
        &self,
        deadline: Instant,
        began: Instant,
        call: F,
    ) -> Result<T, EngineError>
    where
        F: Fn(Client) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        let mut current = self.watch();
        let mut trouble: Option<String> = None;
        loop {
            let Ok(client) = timeout_at(deadline, next_client(&mut current)).await else {
                self.failing().get_or_insert(began);
                return Err(EngineError::Unavailable(trouble.unwrap_or_else(|| self.trouble())));
            };
            let attempt_ends = deadline.min(Instant::now() + ATTEMPT);
            match timeout_at(attempt_ends, call(client)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if is_defect(&error) => {
                    tracing::error!(redis = %self.address(), %error, "a call that can't succeed");
                    return Err(EngineError::Corrupt(error.to_string()));
                }
                Ok(Err(error)) => trouble = Some(error.to_string()),
                // The last attempt may have had next to no time: what Redis said before tells more.
                Err(_) => trouble = trouble.or_else(|| Some("no answer in time".to_owned())),
            }
            self.failing().get_or_insert(began);
            if Instant::now() + RETRY_PAUSE >= deadline {
                return Err(EngineError::Unavailable(trouble.unwrap_or_default()));
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    async fn connect(&self) -> Result<(Client, Task), Error> {
        let client = Builder::from_config(self.config.clone())
            .with_connection_config(|connection| {
                connection.connection_timeout = CONNECT;
                connection.internal_command_timeout = CONNECT;
                // A second attempt by fred could store a message twice: whoever calls decides.
                connection.max_command_attempts = 1;
                connection.tcp.nodelay = Some(true);
            })
            .set_performance_config(PerformanceConfig {
                broadcast_channel_capacity: self.capacity,
                ..PerformanceConfig::default()
            })
            .build()?;
        let task = AbortOnDropHandle::new(client.init().await?);
        if let Some(version) = client.server_version().filter(|version| version.major < OLDEST_REDIS) {
            let needed = format!("it is Redis {version}; {OLDEST_REDIS} or newer is needed");
            return Err(Error::new(fred::error::ErrorKind::Config, needed));
        }
        // A Redis that reads its file answers, but with an error.
        timeout(PING_TIMEOUT, client.ping::<()>(None)).await.map_err(|_| timed_out("PING"))??;
        Ok((client, task))
    }

    fn address(&self) -> String {
        self.config.server.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    fn failing(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> String {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes why it is away, and logs it when it is another reason than before.
    fn set_trouble(&self, trouble: String) {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *noted != trouble {
            tracing::warn!(redis = %self.address(), reason = trouble, "not connected");
            *noted = trouble;
        }
    }
}

/// The task behind a client. When it is dropped the connection is closed, and all that wait for answers are told.
type Task = AbortOnDropHandle<Result<(), Error>>;

/// The client there is, or the next one. Waits for ever when there will be none.
pub(super) async fn next_client(current: &mut watch::Receiver<Option<Client>>) -> Client {
    match current.wait_for(Option::is_some).await.map(|client| client.clone()) {
        Ok(Some(client)) => client,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// Returns when the connection is lost, and why.
async fn watch_over(client: &Client, mut task: Task) -> String {
    let mut missed = 0;
    loop {
        tokio::select! {
            ended = &mut task => return match ended {
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(())) | Err(_) => "closed".to_owned(),
            },
            () = sleep(PING_INTERVAL) => {}
        }
        match timeout(PING_TIMEOUT, client.ping::<()>(None)).await {
            Ok(Ok(())) => missed = 0,
            Ok(Err(_)) | Err(_) => missed += 1,
        }
        if missed == PINGS_MISSED {
            return format!("{missed} pings were not answered");
        }
    }
}

fn timed_out(what: &'static str) -> Error {
    Error::new(fred::error::ErrorKind::Timeout, what)
}

/// Whether the same call would fail for ever: a wrong type of key, an unknown command, a script that fails. What
/// is not among these (READONLY, LOADING, OOM, BUSY, ...) passes.
fn is_defect(error: &Error) -> bool {
    use fred::error::ErrorKind::{InvalidArgument, InvalidCommand, Parse};
    matches!(error.kind(), InvalidArgument | InvalidCommand | Parse) || error.details().starts_with("ERR ")
}

#[cfg(test)]
mod tests {
    use fred::error::ErrorKind;

    use super::*;

    #[test]
    fn a_call_waits_less_the_longer_redis_has_been_away() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let asked_at = |now: Instant| now + PATIENCE;
        assert_eq!(give_up_at(asked_at(start), start, None), start + PATIENCE);
        assert_eq!(give_up_at(asked_at(start), start, Some(start)), start + PATIENCE);
        let later = start + second;
        assert_eq!(give_up_at(asked_at(later), later, Some(start)), start + PATIENCE);
        let much_later = start + 5 * second;
        assert_eq!(give_up_at(asked_at(much_later), much_later, Some(start)), much_later + LAST_TRY);
        let before = much_later + LAST_TRY / 2;
        assert_eq!(give_up_at(before, much_later, Some(start)), before, "never later than asked");
    }

    #[test]
    fn what_passes_is_tried_again_and_a_defect_is_not() {
        let error = |kind, details: &'static str| Error::new(kind, details);
        assert!(is_defect(&error(ErrorKind::Unknown, "ERR unknown command 'SPUBLISH'")));
        assert!(is_defect(&error(ErrorKind::InvalidArgument, "WRONGTYPE Operation against a key")));
        for passing in ["LOADING Redis is loading", "READONLY You can't write", "OOM command not allowed"] {
            assert!(!is_defect(&error(ErrorKind::Unknown, passing)), "{passing}");
        }
        assert!(!is_defect(&error(ErrorKind::IO, "Connection reset by peer")));
    }
}
