//! What all connections write into while they run.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use chat_client::Loss;
use hdrhistogram::Histogram;

use super::ledger::{Ledger, Place};

/// Latencies are recorded into one of so many histograms, so that threads seldom wait for each other.
const SHARDS: usize = 8;

/// Three digits are enough to tell 50 ms from 51 ms.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Latencies are told apart up to an hour; a longer one counts as that.
const LONGEST_MICROS: u64 = 3_600_000_000;

/// Latencies, in microseconds.
struct Latencies {
    delivery: Histogram<u64>,
    acknowledgement: Histogram<u64>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST_MICROS, SIGNIFICANT_DIGITS).expect("these bounds are allowed")
}

/// Locks what only this module and short, panic-free code touches.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counters of a run.
pub(super) struct Tally {
    rooms: Vec<Mutex<Ledger>>,
    latencies: Vec<Mutex<Latencies>>,
    errors: Mutex<BTreeMap<String, u64>>,
    first_failure: OnceLock<String>,
    /// For each connection that is a member of its room: the life of the stream, and the last offset it saw there.
    reached: Vec<Mutex<Option<Place>>>,
    /// Connections that will send nothing more.
    pub(super) sent_all: AtomicU64,
    /// Connections that are in their room now.
    pub(super) present: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) acknowledged: AtomicU64,
    pub(super) not_sent: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) reconnects: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) refused: AtomicU64,
    longest_gap_micros: AtomicU64,
}

impl Tally {
    pub(super) fn new(rooms: usize, connections: usize) -> Self {
        let latencies = || Latencies { delivery: histogram(), acknowledgement: histogram() };
        Self {
            rooms: (0..rooms).map(|_| Mutex::default()).collect(),
            latencies: (0..SHARDS).map(|_| Mutex::new(latencies())).collect(),
            errors: Mutex::default(),
            first_failure: OnceLock::new(),
            reached: (0..connections).map(|_| Mutex::default()).collect(),
            sent_all: AtomicU64::new(0),
            present: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            not_sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            longest_gap_micros: AtomicU64::new(0),
        }
    }

    /// The ledger of a room. Held for a moment, never across an await.
    pub(super) fn ledger(&self, room: usize) -> MutexGuard<'_, Ledger> {
        lock(&self.rooms[room])
    }

    pub(super) fn error(&self, code: impl Into<String>) {
        *lock(&self.errors).entry(code.into()).or_default() += 1;
    }

    pub(super) fn errors(&self) -> BTreeMap<String, u64> {
        lock(&self.errors).clone()
    }

    /// A connection was lost, or could not be made. The first is kept in words: often all others have its cause.
    pub(super) fn failure(&self, loss: &Loss) {
        self.first_failure.get_or_init(|| loss.to_string());
    }

    pub(super) fn first_failure(&self) -> Option<String> {
        self.first_failure.get().cloned()
    }

    pub(super) fn delivered_after(&self, connection: usize, latency: Duration) {
        self.delivered.fetch_add(1, Relaxed);
        lock(&self.latencies[connection % SHARDS]).delivery.saturating_record(micros(latency));
    }

    pub(super) fn acknowledged_after(&self, connection: usize, latency: Duration) {
        self.acknowledged.fetch_add(1, Relaxed);
        lock(&self.latencies[connection % SHARDS]).acknowledgement.saturating_record(micros(latency));
    }

    pub(super) fn gap(&self, gap: Duration) {
        self.longest_gap_micros.fetch_max(micros(gap), Relaxed);
    }

    pub(super) fn longest_gap(&self) -> Duration {
        Duration::from_micros(self.longest_gap_micros.load(Relaxed))
    }

    /// Takes note of where a connection is; none when it is not to see any more.
    pub(super) fn reached(&self, connection: usize, place: Option<Place>) {
        *lock(&self.reached[connection]) = place;
    }

    /// Whether nothing is under way: so many connections, all there are, sent their last message, each message is
    /// answered, and every member saw the last one of its room that was acknowledged.
    pub(super) fn is_settled(&self, connections: usize) -> bool {
        let last: Vec<_> = self.rooms.iter().map(|room| lock(room).last_acknowledged()).collect();
        let seen = |(connection, place): (usize, &Mutex<Option<Place>>)| {
            lock(place).is_none_or(|place| place >= last[connection % last.len()])
        };
        self.sent_all.load(Relaxed) == connections as u64
            && self.unanswered() == 0
            && self.reached.iter().enumerate().all(seen)
    }

    /// Messages that were sent and have no answer yet.
    pub(super) fn unanswered(&self) -> u64 {
        let answered = self.acknowledged.load(Relaxed) + self.not_sent.load(Relaxed);
        self.sent.load(Relaxed).saturating_sub(answered)
    }

    /// Delivery and acknowledgement, of all connections together.
    pub(super) fn latencies(&self) -> (Histogram<u64>, Histogram<u64>) {
        let (mut delivery, mut acknowledgement) = (histogram(), histogram());
        for shard in &self.latencies {
            let shard = lock(shard);
            delivery += &shard.delivery;
            acknowledgement += &shard.acknowledgement;
        }
        (delivery, acknowledgement)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_all_connections_are_told_apart() {
        let tally = Tally::new(1, 100);
        for connection in 0..100 {
            tally.delivered_after(connection, Duration::from_millis(connection as u64 + 1));
        }
        tally.delivered_after(0, Duration::from_hours(2));
        let (delivery, acknowledgement) = tally.latencies();
        assert_eq!((delivery.len(), acknowledgement.len()), (101, 0));
        assert_eq!(delivery.value_at_quantile(0.5) / 100, 510);
        assert_eq!(delivery.max() / 1_000_000, 3_600);
    }

    #[test]
    fn a_run_is_settled_when_all_is_answered_and_every_member_saw_the_last_message() {
        let tally = Tally::new(1, 2);
        assert!(!tally.is_settled(2), "they may send more");
        tally.sent_all.fetch_add(2, Relaxed);
        assert!(tally.is_settled(2));
        tally.sent.fetch_add(1, Relaxed);
        assert!(!tally.is_settled(2), "not answered");
        tally.ledger(0).acknowledge((0, 1), hubbub_protocol::MessageId::random());
        tally.acknowledged_after(0, Duration::ZERO);
        tally.reached(0, Some((0, 1)));
        tally.reached(1, Some((0, 0)));
        assert!(!tally.is_settled(2), "not seen by all");
        tally.reached(1, Some((0, 1)));
        assert!(tally.is_settled(2));
    }
}
