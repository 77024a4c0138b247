//! Greets who said hello: some at once, the others in the order in which they came.
//!
//! To greet is to ask the engine several times, and each answer has to be there in time. When all clients come at once
//! to an engine that is slower than they are, and all are greeted together, none is greeted in time: each is sent away
//! after the work was done, comes back, and takes the time of the others. A few at a time are greeted at the pace of
//! the engine, whatever that is.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hubbub_protocol::limits::HELLO_TIMEOUT;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

/// How many are greeted at once. A greeting is six questions, one after the other: where each answer takes 20 ms, as with a
/// Redis far away or a machine with other work, 64 at once are 500 a second, which is what the door lets in. And few enough
/// for each question to be answered within the 2 s that it has, as long as six a second are greeted.
pub const AT_ONCE: usize = 64;

/// How many may wait at all: as many as the door lets in within its first second, burst and rate.
pub const WAITING: usize = 1_000;

/// Who waited so long is sent away. Clients give a welcome twice that time.
pub const LONGEST_WAIT: Duration = HELLO_TIMEOUT.checked_div(2).expect("two is not zero");

/// The newest greeting is so large a part of the mean.
const WEIGHT: u64 = 8;

/// Where sessions are greeted.
#[derive(Debug)]
pub struct Reception {
    greeted: Semaphore,
    waiting: Semaphore,
    /// How long a greeting takes, in microseconds: the mean of the last ones.
    takes: AtomicU64,
}

impl Default for Reception {
    fn default() -> Self {
        Self { greeted: Semaphore::new(AT_ONCE), waiting: Semaphore::new(WAITING), takes: AtomicU64::new(0) }
    }
}

impl Reception {
    /// Waits for the turn of who said hello. `None` when too many wait already, or it takes too long: they are to come
    /// back later.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        let _waits = self.waiting.try_acquire().ok()?;
        let greeted = timeout(LONGEST_WAIT, self.greeted.acquire()).await.ok()?.ok()?;
        Some(Turn { began: Instant::now(), reception: self, _greeted: greeted })
    }

    /// When so many wait that who comes now might wait too long: the time from one greeting to the next.
    pub fn crowded(&self) -> Option<Duration> {
        let waiting = WAITING - self.waiting.available_permits();
        let pace = pace(Duration::from_micros(self.takes.load(Ordering::Relaxed)));
        is_crowd(waiting, pace).then_some(pace)
    }

    fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX / WEIGHT);
        let mean = |before: u64| before - before / WEIGHT + micros / WEIGHT;
        // Two at once may count as one: it is a mean.
        self.takes.store(mean(self.takes.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
}

/// The time from one to the next when a greeting takes so long, and [`AT_ONCE`] go on side by side (Little's law).
///
/// ```
/// use std::time::Duration;
/// use chat_server::reception::pace;
/// assert_eq!(pace(Duration::from_millis(640)), Duration::from_millis(10), "a hundred a second");
/// ```
pub fn pace(takes: Duration) -> Duration {
    takes / u32::try_from(AT_ONCE).unwrap_or(u32::MAX)
}

/// Whether nobody else is to be let in: as many wait as may, or who comes now would wait longer than half of
/// [`LONGEST_WAIT`]. The other half is for those who were let in and have not said hello yet.
///
/// ```
/// use std::time::Duration;
/// use chat_server::reception::is_crowd;
/// let twenty_a_second = Duration::from_millis(50);
/// assert!(!is_crowd(49, twenty_a_second));
/// assert!(is_crowd(50, twenty_a_second), "the next one waits for 2.5 s");
/// assert!(is_crowd(1_000, Duration::from_millis(1)));
/// ```
pub fn is_crowd(waiting: usize, pace: Duration) -> bool {
    let wait = pace.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX));
    waiting >= WAITING || wait >= LONGEST_WAIT / 2
}

/// One is greeted. Dropped, it is the next one's turn.
#[derive(Debug)]
pub struct Turn<'reception> {
    began: Instant,
    reception: &'reception Reception,
    _greeted: SemaphorePermit<'reception>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.reception.took(self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream::FuturesOrdered};
    use tokio::time::advance;

    use super::*;

    async fn all_turns(reception: &Reception) -> Vec<Turn<'_>> {
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(reception.turn().await.unwrap());
        }
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn some_are_greeted_at_once_and_the_others_in_the_order_in_which_they_came() {
        let reception = Reception::default();
        let mut turns = all_turns(&reception).await;
        let mut waiting: FuturesOrdered<_> = (0..2).map(|_| reception.turn()).collect();
        assert!(futures::poll!(waiting.next()).is_pending());
        drop(turns.pop());
        let first = waiting.next().await.unwrap();
        assert!(first.is_some());
        assert!(futures::poll!(waiting.next()).is_pending(), "one went, one came");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_or_finds_too_many_waiting_is_to_come_back_later() {
        let reception = Reception::default();
        let turns = all_turns(&reception).await;
        assert_eq!(reception.crowded(), None);
        let mut waiting: FuturesOrdered<_> = (0..WAITING).map(|_| reception.turn()).collect();
        assert!(futures::poll!(waiting.next()).is_pending());
        assert!(reception.crowded().is_some());
        assert!(reception.turn().await.is_none(), "at once");
        let waited: Vec<_> = waiting.collect().await;
        assert!(waited.iter().all(Option::is_none));
        assert_eq!(reception.crowded(), None);
        drop(turns);
        assert!(reception.turn().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_is_that_of_the_last_greetings() {
        let reception = Reception::default();
        for _ in 0..100 {
            let turn = reception.turn().await;
            advance(Duration::from_millis(640)).await;
            drop(turn);
        }
        let _turns = all_turns(&reception).await;
        let mut waiting: FuturesOrdered<_> = (0..WAITING).map(|_| reception.turn()).collect();
        assert!(futures::poll!(waiting.next()).is_pending());
        let pace = reception.crowded().unwrap();
        assert!((9..=10).contains(&pace.as_millis()), "{pace:?}");
    }
}
