//! How often something happens. No clock: time is an argument.

use std::time::Duration;

/// Over how many whole seconds a [`Rate`] averages.
pub const WINDOW_SECONDS: u64 = SLOTS as u64;

const SLOTS: usize = 10;

/// Who has counted for less counts as if for so long: the burst of a first second is no rate.
const SECONDS_MIN: u64 = 3;

/// Counts of the last seconds.
#[derive(Debug, Default)]
pub struct Rate {
    /// Second and count, each at its second modulo the length.
    seconds: [(u64, u64); SLOTS],
}

impl Rate {
    /// It happened once, at this time since the counting began.
    pub fn record(&mut self, now: Duration) {
        let second = now.as_secs();
        let slot = &mut self.seconds[slot(second)];
        if slot.0 != second {
            *slot = (second, 0);
        }
        slot.1 += 1;
    }

    /// How often a second, over the last [`WINDOW_SECONDS`], the current one included, or for as long as it was counted.
    ///
    /// ```
    /// use std::time::Duration;
    /// use chat_server::rate::Rate;
    /// let mut rate = Rate::default();
    /// for _ in 0..5 {
    ///     rate.record(Duration::from_secs(100));
    /// }
    /// assert_eq!(rate.per_second(Duration::from_secs(103)), 0.5);
    /// assert_eq!(rate.per_second(Duration::from_secs(110)), 0.0);
    /// // A server that began 4 s ago and took 20 takes 4 a second: the fifth is under way.
    /// let mut rate = Rate::default();
    /// for _ in 0..20 {
    ///     rate.record(Duration::from_secs(2));
    /// }
    /// assert_eq!(rate.per_second(Duration::from_secs(4)), 4.0);
    /// ```
    pub fn per_second(&self, now: Duration) -> f64 {
        let now = now.as_secs();
        let recent = self.seconds.iter().filter(|(second, _)| second + WINDOW_SECONDS > now);
        let count: u64 = recent.map(|(_, count)| count).sum();
        let seconds = (now + 1).clamp(SECONDS_MIN, WINDOW_SECONDS);
        #[expect(clippy::cast_precision_loss, reason = "a count of ten seconds is far below 2^52")]
        let per_second = count as f64 / seconds as f64;
        per_second
    }
}

fn slot(second: u64) -> usize {
    // Below WINDOW_SECONDS, whatever the width of usize.
    usize::try_from(second % WINDOW_SECONDS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut rate = Rate::default();
        for second in 0..25 {
            rate.record(Duration::from_secs(second));
            rate.record(Duration::from_secs(second));
        }
        let at_24 = rate.per_second(Duration::from_secs(24));
        assert!((at_24 - 2.0).abs() < f64::EPSILON, "{at_24}");
    }
}
