//! The lag of the event loop: how much later than it should a task runs, because all threads are busy with others.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, interval};
use tokio_util::task::AbortOnDropHandle;

/// Short enough that a stall of some tens of milliseconds is not missed; ten wake-ups a second cost nothing.
const EVERY: Duration = Duration::from_millis(100);

/// Over so much time the mean is taken: that of the accept rate.
const WINDOW: Duration = Duration::from_secs(10);

/// Measures the lag, as long as it lives.
#[derive(Debug)]
pub struct LagMeter {
    lateness: Arc<Mutex<Lateness>>,
    _task: AbortOnDropHandle<()>,
}

impl LagMeter {
    /// Begins.
    pub fn start() -> Self {
        let lateness = Arc::<Mutex<Lateness>>::default();
        let task = tokio::spawn(measure(Arc::clone(&lateness)));
        Self { lateness, _task: AbortOnDropHandle::new(task) }
    }

    /// How late timers fired in the last ten seconds, on average.
    pub fn mean(&self) -> Duration {
        self.lateness.lock().unwrap_or_else(PoisonError::into_inner).mean(Instant::now())
    }
}

/// Ticks that were missed are made up for, each with its own lateness: who would have come in the middle of a stall
/// counts, and not just the one that came when it began.
async fn measure(lateness: Arc<Mutex<Lateness>>) {
    let mut ticker = interval(EVERY);
    loop {
        let due = ticker.tick().await;
        let now = Instant::now();
        lateness.lock().unwrap_or_else(PoisonError::into_inner).note(due, now);
    }
}

/// How late the timers of the last ten seconds fired. No clock: times are arguments.
#[derive(Debug, Default)]
struct Lateness {
    /// When each was due, and how late it was: as many as fit into the window, the eldest first.
    timers: VecDeque<(Instant, Duration)>,
}

impl Lateness {
    /// A timer fired now.
    fn note(&mut self, due: Instant, now: Instant) {
        self.forget(now);
        self.timers.push_back((due, now.saturating_duration_since(due)));
    }

    fn mean(&mut self, now: Instant) -> Duration {
        self.forget(now);
        let sum: Duration = self.timers.iter().map(|(_, late)| *late).sum();
        u32::try_from(self.timers.len()).ok().and_then(|count| sum.checked_div(count)).unwrap_or_default()
    }

    /// By when they were due: after a stall, however long, no more than a window of them is kept.
    fn forget(&mut self, now: Instant) {
        while self.timers.front().is_some_and(|(due, _)| now.saturating_duration_since(*due) >= WINDOW) {
            self.timers.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn who_comes_in_the_middle_of_a_stall_waits_for_the_rest_of_it() {
        let (mut lateness, start) = (Lateness::default(), Instant::now());
        (0..10).for_each(|tick| lateness.note(start + EVERY * tick, start + EVERY * tick));
        assert_eq!(lateness.mean(start + ms(900)), Duration::ZERO);
        // Nothing runs from the first second to the second one: ten timers, 1,000 to 100 ms late.
        (10..20).for_each(|tick| lateness.note(start + EVERY * tick, start + ms(2_000)));
        assert_eq!(lateness.mean(start + ms(2_000)), ms(5_500) / 20);
    }

    #[test]
    fn what_was_ten_seconds_ago_is_forgotten() {
        let (mut lateness, start) = (Lateness::default(), Instant::now());
        lateness.note(start, start + ms(40));
        assert_eq!(lateness.mean(start + ms(9_999)), ms(40));
        assert_eq!(lateness.mean(start + ms(10_000)), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_is_held_up_is_noticed() {
        let meter = LagMeter::start();
        while meter.lateness.lock().unwrap().timers.is_empty() {
            tokio::task::yield_now().await;
        }
        // Nothing runs for half a second.
        tokio::time::advance(ms(500)).await;
        while meter.mean() < ms(20) {
            tokio::task::yield_now().await;
        }
    }
}
