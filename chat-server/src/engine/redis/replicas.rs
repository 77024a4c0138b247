//! Waits until replicas have what was written, for all who wait at once.
//!
//! WAIT holds up every command behind it on its connection, for as long as a replica is silent. So it has a
//! connection of its own, and there one round serves all who wait when it begins: a small write, which comes behind
//! all that they wrote, and WAIT for that.

use std::sync::Arc;
use std::time::Duration;

use fred::prelude::{ClientLike, Error, Expiration, KeysInterface};
use fred::types::{ClusterHash, CustomCommand};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::calls::ATTEMPT;
use super::connection::{Connection, Live};

/// How long replicas may take: who comes while a round runs waits for the end of that one and for its own, within
/// one attempt of a call.
const REPLICATES_WITHIN: Duration = Duration::from_millis(200);

/// How long a round may take, with the way there and back, which on a busy machine takes tens of milliseconds.
const ROUND: Duration = Duration::from_millis(290);

const _: () = assert!(2 * ROUND.as_millis() < ATTEMPT.as_millis());

/// How many may wait for a round to begin.
const WAITING: usize = 4_096;

/// How long the key of the small write is kept.
const PROBE_SECONDS: i64 = 60;

/// Who waits is told which process waited for its replicas.
type Waiter = oneshot::Sender<Result<Arc<str>, Error>>;

/// What the replicas of a master have.
pub(super) struct Replicas {
    rounds: Option<(mpsc::Sender<Waiter>, [AbortOnDropHandle<()>; 2])>,
}

impl Replicas {
    /// So many have to have what is asked for. Without any there is no connection either.
    pub(super) fn new(wanted: u8, connection: impl FnOnce() -> Arc<Connection>) -> Self {
        let rounds = (wanted > 0).then(|| {
            let (sender, waiters) = mpsc::channel(WAITING);
            let (connection, kept) = {
                let connection = connection();
                (Arc::clone(&connection), connection)
            };
            let keep = tokio::spawn(async move { kept.keep(false).await });
            let rounds = tokio::spawn(run_rounds(connection, wanted, waiters));
            (sender, [keep, rounds].map(AbortOnDropHandle::new))
        });
        Self { rounds }
    }

    /// Returns when they have all that `process`, the master, was told to write before this was called.
    ///
    /// Fails when they do not in time; the master may have had to wait for one that does not answer.
    pub(super) async fn have_it(&self, process: &str) -> Result<(), Error> {
        let Some((rounds, _)) = &self.rounds else { return Ok(()) };
        let (waiter, told) = oneshot::channel();
        rounds.send(waiter).await.map_err(|_| not_in_time("the connection was closed"))?;
        let waited_for = told.await.map_err(|_| not_in_time("the connection was closed"))??;
        // Another life of the server knows nothing of what the one before wrote.
        if *waited_for == *process { Ok(()) } else { Err(not_in_time("the master was started anew")) }
    }
}

async fn run_rounds(connection: Arc<Connection>, wanted: u8, mut waiters: mpsc::Receiver<Waiter>) {
    let mut waiting = Vec::new();
    let mut current = connection.watch();
    while waiters.recv_many(&mut waiting, WAITING).await > 0 {
        let live = current.borrow_and_update().clone();
        let outcome = match live {
            Some(live) => timeout(ROUND, round(&connection, &live, wanted))
                .await
                .unwrap_or_else(|_| Err(not_in_time("the master did not answer"))),
            None => Err(not_in_time(&connection.trouble())),
        };
        for waiter in waiting.drain(..) {
            // Who does not wait any more has given up.
            let _ = waiter.send(outcome.clone());
        }
    }
}

/// Answers which process it was that waited for its replicas.
async fn round(connection: &Connection, live: &Live, wanted: u8) -> Result<Arc<str>, Error> {
    let (probe, expires) = (connection.probe(), Some(Expiration::EX(PROBE_SECONDS)));
    let pipeline = live.client.pipeline();
    let () = pipeline.set(&*probe, "", expires, None, false).await?;
    let wait = CustomCommand::new_static("WAIT", ClusterHash::FirstKey, false);
    let arguments = vec![i64::from(wanted), i64::try_from(REPLICATES_WITHIN.as_millis()).unwrap_or(i64::MAX)];
    let () = pipeline.custom(wait, arguments).await?;
    let mut answers = pipeline.try_all::<fred::types::Value>().await;
    let replicas = answers.pop().unwrap_or_else(|| Err(not_in_time("no answer")));
    let (Ok(_), Ok(replicas)) = (answers.pop().unwrap_or_else(|| Err(not_in_time("no answer"))), &replicas)
    else {
        connection.suspect();
        return Err(not_in_time(&replicas.err().map_or_else(String::new, |error| error.to_string())));
    };
    let replicas = replicas.as_u64().unwrap_or(0);
    if replicas >= u64::from(wanted) {
        Ok(Arc::clone(&live.process))
    } else {
        Err(not_in_time(&format!("{replicas} of {wanted} replicas")))
    }
}

/// Of a kind that is tried again, whatever Redis said.
fn not_in_time(why: &str) -> Error {
    let why = format!("not known to be on enough replicas: {why}");
    Error::new(fred::error::ErrorKind::Timeout, why)
}
