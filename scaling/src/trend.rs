//! Where connections go, if they go on as they do.
//!
//! Holt's linear exponential smoothing with the damped trend of Gardner and `McKenzie`, for looks that may be any time apart: a
//! level and a trend, each drawn towards what is seen, and a trend that fades, since nothing grows for ever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Moment, exact};

/// The level follows what is seen with this time constant, in seconds: long enough for the noise of single seconds.
const LEVEL: f64 = 10.0;

/// The trend follows the level with this time constant, in seconds: as long as servers take to start, twice over.
const TREND: f64 = 30.0;

/// How much of the trend is left after a second: half of it after 35 s.
const DAMPING: f64 = 0.98;

/// After a longer silence than this nothing is known of a trend.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// Where connections go.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    #[serde(with = "exact")]
    level: f64,
    /// Connections a second.
    #[serde(with = "exact")]
    slope: f64,
    at: Moment,
}

impl Trend {
    /// What is known when so many connections are seen for the first time: nothing of a trend.
    pub fn begin(connections: u64, now: Moment) -> Self {
        Self { level: real(connections), slope: 0.0, at: now }
    }

    /// What is known after another look.
    #[must_use]
    pub fn note(self, connections: u64, now: Moment) -> Self {
        let since = now.since(self.at);
        if since > FORGOTTEN {
            return Self::begin(connections, now);
        }
        if since.is_zero() {
            return self;
        }
        let seconds = since.as_secs_f64();
        let expected = self.level + self.slope * faded(seconds);
        let level = expected + (real(connections) - expected) * follows(seconds, LEVEL);
        let slope = self.slope * DAMPING.powf(seconds);
        let seen = (level - self.level) / seconds;
        Self { level, slope: slope + (seen - slope) * follows(seconds, TREND), at: now }
    }

    /// The connections that there will be after this time, if the trend goes on, and never fewer than are `seen` now. They
    /// grow from what is seen, not from the level, which lags behind while a trend begins.
    ///
    /// ```
    /// use hubbub_scaling::{Moment, Trend};
    /// use std::time::Duration;
    /// let ahead = Duration::from_secs(30);
    /// // 10 more in each second: a minute later there are 1,600, and in 30 s there may be 1,740. Undamped it would be 1,900.
    /// let mut trend = Trend::begin(1_000, Moment::from_secs(0));
    /// for second in 1..=60 {
    ///     trend = trend.note(1_000 + 10 * second, Moment::from_secs(second));
    /// }
    /// assert_eq!(trend.ahead(ahead, 1_600), 1_740);
    /// // 10 fewer in each second: what is seen counts, not what there will be.
    /// let mut trend = Trend::begin(1_000, Moment::from_secs(0));
    /// for second in 1..=60 {
    ///     trend = trend.note(1_000 - 10 * second, Moment::from_secs(second));
    /// }
    /// assert_eq!(trend.ahead(ahead, 400), 400);
    /// ```
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is never below 0"
    )]
    pub fn ahead(self, time: Duration, seen: u64) -> u64 {
        let more = self.slope * faded(time.as_secs_f64());
        seen.saturating_add(more.round().max(0.0) as u64)
    }
}

/// How many seconds of the full trend a fading one is worth after so many.
fn faded(seconds: f64) -> f64 {
    (1.0 - DAMPING.powf(seconds)) * DAMPING / (1.0 - DAMPING)
}

/// How much of the way to what is seen is gone after so many seconds.
fn follows(seconds: f64, constant: f64) -> f64 {
    1.0 - (-seconds / constant).exp()
}

#[expect(clippy::cast_precision_loss, reason = "connections are far below 2^52")]
fn real(connections: u64) -> f64 {
    connections as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_load_is_expected_to_stay() {
        let mut trend = Trend::begin(700, Moment::from_secs(0));
        for second in 1..1_000 {
            trend = trend.note(700, Moment::from_secs(second));
        }
        assert_eq!(trend.ahead(Duration::from_mins(5), 700), 700);
    }

    #[test]
    fn after_a_silence_nothing_is_known_of_a_trend() {
        let trend = Trend::begin(0, Moment::from_secs(0)).note(600, Moment::from_secs(60));
        assert!(trend.ahead(Duration::from_secs(30), 600) > 600);
        let trend = Trend::begin(0, Moment::from_secs(0)).note(600, Moment::from_secs(61));
        assert_eq!(trend.ahead(Duration::from_secs(30), 600), 600);
    }
}
