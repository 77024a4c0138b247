//! What a rate came to.

use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

/// Latencies are told apart to 1 %: the rounds differ more.
const DIGITS: u8 = 2;

/// What is later counts as this. No trial lasts as long.
const LONGEST_MICROS: u64 = 60_000_000;

/// A rate is held when 99 of 100 deliveries are no later than this after they were due: people who talk notice more.
pub const LATEST: Duration = Duration::from_millis(200);

/// Counted while it runs.
#[derive(Debug)]
pub(super) struct Tally {
    /// When the fleet began; the times of markers count from there.
    pub(super) began: Instant,
    pub(super) delivered: u64,
    /// All that members read.
    pub(super) bytes: u64,
    /// Deliveries that were later than [`LATEST`].
    late: u64,
    /// With more of them the trial has failed, whatever comes.
    late_allowed: f64,
    latency: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Self {
        let latency = Histogram::new_with_max(LONGEST_MICROS, DIGITS).expect("bounds that a histogram takes");
        Self { began: Instant::now(), delivered: 0, bytes: 0, late: 0, late_allowed: 0.0, latency }
    }

    pub(super) fn now_micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn delivered_at(&mut self, now_micros: u64, due_micros: u64) {
        let micros = now_micros.saturating_sub(due_micros);
        self.delivered += 1;
        self.late += u64::from(u128::from(micros) > LATEST.as_micros());
        self.latency.saturating_record(micros);
    }

    /// Whether more than one in a hundred of the deliveries that are planned came too late.
    #[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
    pub(super) fn is_late(&self) -> bool {
        self.late as f64 > self.late_allowed
    }

    /// For the next trial, with so many deliveries.
    pub(super) fn reset(&mut self, planned: f64) {
        (self.delivered, self.bytes, self.late, self.late_allowed) = (0, 0, 0, planned / 100.0);
        self.latency.reset();
    }

    /// The latency that so many of the deliveries kept.
    pub(super) fn latency(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latency.value_at_quantile(quantile))
    }
}

/// The result of a rate that was tried for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Messages that were said.
    pub sent: u64,
    /// Deliveries that there had to be.
    pub expected: u64,
    /// Deliveries that there were until all was there, or nothing came any more.
    pub delivered: u64,
    /// What members read for them: frames and all.
    pub bytes: u64,
    /// Deliveries that did not come although later ones did, or although it was waited for them.
    pub lost: u64,
    /// Deliveries that came more than once.
    pub duplicated: u64,
    /// Deliveries that came behind later ones of the same sender.
    pub misordered: u64,
    /// Connections that the server ended.
    pub closed: usize,
    /// From the time that a message was due until a member had it: half of the deliveries.
    pub p50: Duration,
    /// The same: 90 of 100.
    pub p90: Duration,
    /// The same: 99 of 100.
    pub p99: Duration,
    /// The same: 999 of 1,000.
    pub p999: Duration,
    /// More than 1 in 100 came later than [`LATEST`]; the trial was ended then.
    pub late: bool,
    /// From the first message until the last delivery.
    pub lasted: Duration,
    /// How much of that time the generator computed.
    pub generator_busy: f64,
}

impl Trial {
    /// Whether all came, once, in order and in time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hubbub_bench::generator::Trial;
    /// let trial = Trial {
    ///     sent: 10, expected: 100, delivered: 100, bytes: 30_000, lost: 0, duplicated: 0, misordered: 0, closed: 0,
    ///     p50: Duration::from_millis(1), p90: Duration::from_millis(9), p99: Duration::from_millis(150),
    ///     p999: Duration::from_millis(180), late: false,
    ///     lasted: Duration::from_secs(1), generator_busy: 0.1,
    /// };
    /// assert!(trial.held());
    /// assert!(!Trial { late: true, ..trial.clone() }.held());
    /// assert!(!Trial { lost: 1, ..trial }.held());
    /// ```
    pub fn held(&self) -> bool {
        self.is_whole() && !self.late
    }

    /// Deliveries a second, until the last of them was there.
    #[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
    pub fn rate(&self) -> f64 {
        self.delivered as f64 / self.lasted.as_secs_f64()
    }

    /// CPU seconds for a million deliveries, when these cost `cpu`.
    #[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
    pub fn per_million(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.delivered.max(1) as f64
    }

    /// Whether all came, once, in order.
    pub fn is_whole(&self) -> bool {
        let Self { lost, duplicated, misordered, .. } = *self;
        self.closed == 0 && self.delivered == self.expected && lost + duplicated + misordered == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_counts_from_when_a_message_was_due() {
        let mut tally = Tally::new();
        tally.reset(100.0);
        for due in 0..100 {
            tally.delivered_at(150_000, due * 1_000);
        }
        let p50 = tally.latency(0.5).as_secs_f64();
        assert!((0.099..0.102).contains(&p50), "{p50}");
        assert!(!tally.is_late());
    }

    #[test]
    fn more_than_one_late_delivery_in_a_hundred_is_too_many() {
        let mut tally = Tally::new();
        tally.reset(100.0);
        tally.delivered_at(200_001, 0);
        assert!(!tally.is_late());
        tally.delivered_at(200_001, 0);
        assert!(tally.is_late());
        tally.reset(100.0);
        assert!(!tally.is_late());
    }
}
