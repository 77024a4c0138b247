//! A call to the master that has a key: tried until it succeeds or its time is over, on whichever server has the
//! key by then.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fred::prelude::{Client, Error, FromValue, Key, Value};
use fred::types::scripts::Script;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{Connection, Health, Live, is_elsewhere, next_client, takes_no_writes};
use super::scripts;
use super::topology::{Map, Master, Topology};
use crate::engine::EngineError;

/// How long one attempt of a call may take. A healthy Redis answers in a few milliseconds; the rest is for one that
/// rewrites its file or forks.
pub(super) const ATTEMPT: Duration = Duration::from_millis(600);

/// How long a call is tried when Redis has answered none for as long as one waits: one attempt, for many times as long as a
/// healthy Redis takes. A session's frames are handled one after the other, and each that waited wholly would keep
/// the next from being answered in time.
const LAST_TRY: Duration = Duration::from_millis(20);

/// When a call is given up that was to be given up at `asked`, if none has succeeded since one began at `trouble`.
///
/// A call that begins with the trouble waits wholly, one that begins a second later a second less, and those that
/// begin when the patience is over have one short try.
pub(super) fn give_up_at(
    patience: Duration,
    asked: Instant,
    now: Instant,
    trouble: Option<Instant>,
) -> Instant {
    trouble.map_or(asked, |trouble| asked.min((trouble + patience).max(now + LAST_TRY)))
}

/// Whether a call that begins now has more time than [`LAST_TRY`].
pub(super) fn has_time(patience: Duration, now: Instant, trouble: Option<Instant>) -> bool {
    give_up_at(patience, now + patience, now, trouble) > now + LAST_TRY
}

/// The pause between two attempts.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Calls to the master that has a slot, whichever it is.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    topology: &'a Topology,
    slot: u16,
    /// The one of its connections.
    connection: fn(&Master) -> &Connection,
    /// When they are given up.
    deadline: Instant,
}

impl<'a> Calls<'a> {
    /// Calls on one of the connections of the master of a slot, that begin now.
    pub(super) fn new(topology: &'a Topology, slot: u16, connection: fn(&Master) -> &Connection) -> Self {
        Self { topology, slot, connection, deadline: topology.patience() }
    }

    /// The same, given up at another time.
    pub(super) fn by(self, deadline: Instant) -> Self {
        Self { deadline, ..self }
    }

    /// Runs a script; see [`Calls::call`].
    pub(super) async fn run<T: FromValue>(
        self,
        script: &Script,
        keys: &[Key],
        arguments: &[Value],
    ) -> Result<T, EngineError> {
        self.call(|client| async move { scripts::run(script, &client, keys, arguments).await }).await
    }

    /// Runs a script as [`Calls::run`], and answers only when the replicas that are asked for have what it wrote:
    /// see [`Replicas`](super::replicas::Replicas).
    pub(super) async fn run_and_replicate<T: FromValue>(
        self,
        script: &Script,
        keys: &[Key],
        arguments: &[Value],
    ) -> Result<T, EngineError> {
        self.attempts(self.deadline(), |master, live| async move {
            let answer = scripts::run(script, &live.client, keys, arguments).await?;
            master.replicas.have_it(&live.process).await?;
            Ok(answer)
        })
        .await
    }

    /// Calls until it succeeds or the deadline is over; not for so long when Redis has been away for a while, see
    /// [`give_up_at`]. The call has to be one that may be done twice: an answer that was lost does not tell whether
    /// it was done.
    pub(super) async fn call<T, F, Answer>(self, call: F) -> Result<T, EngineError>
    where
        F: Fn(Client) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        self.attempts(self.deadline(), |_, live| call(live.client)).await
    }

    /// Calls until it succeeds or the deadline is over, however long Redis has been away: for tasks that no session
    /// waits for, and that find out in this way that it is back.
    pub(super) async fn insist<T, F, Answer>(self, call: F) -> Result<T, EngineError>
    where
        F: Fn(Client) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        self.attempts(self.deadline, |_, live| call(live.client)).await
    }

    fn deadline(self) -> Instant {
        let master = self.topology.map().master_of(self.slot).cloned();
        self.topology.give_up_at(self.deadline, self.health(master.as_deref()))
    }

    /// Of the connection that is called; of the whole while nobody has the slot.
    fn health<'m>(&'m self, master: Option<&'m Master>) -> &'m Health {
        master.map_or(self.topology.health(), |master| &(self.connection)(master).health)
    }

    async fn attempts<T, F, Answer>(self, deadline: Instant, call: F) -> Result<T, EngineError>
    where
        F: Fn(Arc<Master>, Live) -> Answer,
        Answer: Future<Output = Result<T, Error>>,
    {
        let began = Instant::now();
        let mut maps = self.topology.maps();
        let mut trouble: Option<String> = None;
        loop {
            let Ok((master, live)) = timeout_at(deadline, self.next(&mut maps)).await else {
                let master = self.topology.map().master_of(self.slot).cloned();
                self.health(master.as_deref()).failed(began);
                let away = || master.as_deref().map(|master| (self.connection)(master).trouble());
                let reason = trouble.or_else(away).unwrap_or_else(|| self.topology.trouble());
                return Err(EngineError::Unavailable(reason));
            };
            let connection = (self.connection)(&master);
            let attempt = timeout_at(deadline.min(Instant::now() + ATTEMPT), call(Arc::clone(&master), live));
            tokio::select! {
                answer = attempt => match answer {
                    Ok(Ok(answer)) => {
                        connection.health.succeeded();
                        return Ok(answer);
                    }
                    Ok(Err(error)) if is_defect(&error) => {
                        tracing::error!(%error, "a call that can't succeed");
                        return Err(EngineError::Corrupt(error.to_string()));
                    }
                    Ok(Err(error)) => {
                        if is_elsewhere(&error) || takes_no_writes(&error) {
                            connection.suspect();
                        }
                        if !is_given_up(&error) {
                            trouble = Some(error.to_string());
                        }
                    }
                    // The last attempt may have had next to no time: what Redis said before tells more.
                    Err(_) => trouble = trouble.or_else(|| Some("no answer in time".to_owned())),
                },
                // Another server has the key now: no need to wait for this one.
                () = self.moves_from(&mut maps, &master) => continue,
            }
            connection.health.failed(began);
            if Instant::now() + RETRY_PAUSE >= deadline {
                return Err(EngineError::Unavailable(trouble.unwrap_or_else(|| connection.trouble())));
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// The slot's master and its client, or the next ones.
    async fn next(&self, maps: &mut watch::Receiver<Arc<Map>>) -> (Arc<Master>, Live) {
        loop {
            let master = maps.borrow_and_update().master_of(self.slot).cloned();
            let live = async {
                match &master {
                    Some(master) => next_client(&mut (self.connection)(master).watch()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                live = live => if let Some(master) = master {
                    return (master, live);
                },
                () = next_map(maps) => {}
            }
        }
    }

    /// Returns when the slot has another master than this one.
    async fn moves_from(&self, maps: &mut watch::Receiver<Arc<Map>>, master: &Arc<Master>) {
        loop {
            next_map(maps).await;
            let now = maps.borrow_and_update().master_of(self.slot).cloned();
            if now.is_none_or(|now| !Arc::ptr_eq(&now, master)) {
                return;
            }
        }
    }
}

/// Returns when there is another map. Waits for ever when there will be none.
pub(super) async fn next_map(maps: &mut watch::Receiver<Arc<Map>>) {
    if maps.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether the call had no answer because we gave its connection up, in the words of fred whose task is gone. Why we did
/// is what the server said before, or what the connection says of itself.
fn is_given_up(error: &Error) -> bool {
    error.is_canceled() || ["channel closed", "Client is not initialized."].contains(&error.details())
}

/// Whether the same call would fail for ever: a wrong type of key, an unknown command, a script that fails. What
/// is not among these (READONLY, LOADING, OOM, BUSY, MOVED, ...) passes.
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
        const PATIENCE: Duration = Duration::from_millis(1_800);
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let asked_at = |now: Instant| now + PATIENCE;
        let give_up_at = |asked, now, trouble| give_up_at(PATIENCE, asked, now, trouble);
        assert_eq!(give_up_at(asked_at(start), start, None), start + PATIENCE);
        assert_eq!(give_up_at(asked_at(start), start, Some(start)), start + PATIENCE);
        let later = start + second;
        assert_eq!(give_up_at(asked_at(later), later, Some(start)), start + PATIENCE);
        let much_later = start + 5 * second;
        assert_eq!(give_up_at(asked_at(much_later), much_later, Some(start)), much_later + LAST_TRY);
        let before = much_later + LAST_TRY / 2;
        assert_eq!(give_up_at(before, much_later, Some(start)), before, "never later than asked");
    }

    #[tokio::test]
    async fn that_we_gave_a_connection_up_is_no_reason_for_a_refusal_and_what_redis_said_is() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        drop(sender);
        assert!(
            is_given_up(&receiver.await.unwrap_err().into()),
            "what fred answers when its task is dropped"
        );
        assert!(!is_given_up(&Error::new(ErrorKind::Unknown, "READONLY You can't write")));
        assert!(!is_given_up(&Error::new(ErrorKind::IO, "Connection reset by peer")));
    }

    #[test]
    fn what_passes_is_tried_again_and_a_defect_is_not() {
        let error = |kind, details: &'static str| Error::new(kind, details);
        assert!(is_defect(&error(ErrorKind::Unknown, "ERR unknown command 'SPUBLISH'")));
        assert!(is_defect(&error(ErrorKind::InvalidArgument, "WRONGTYPE Operation against a key")));
        for passing in ["LOADING Redis is loading", "READONLY You can't write", "OOM command not allowed"] {
            assert!(!is_defect(&error(ErrorKind::Unknown, passing)), "{passing}");
        }
        assert!(!is_defect(&error(ErrorKind::Cluster, "MOVED 3999 127.0.0.1:6381")));
        assert!(!is_defect(&error(ErrorKind::IO, "Connection reset by peer")));
    }
}
