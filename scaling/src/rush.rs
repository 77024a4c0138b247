//! A rush: so many connections at once that the usual pace would be too slow. Knative's panic mode, in a chat.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Moment;

/// When a rush is over nothing shrinks for as long as this, in case it comes back: Knative's stable window.
const CALM: Duration = Duration::from_mins(1);

/// When there is a rush.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RushRule {
    /// Servers that take sessions have so many hundredths of their target, on average.
    pub percent: u32,
    /// For as long as this.
    pub window: Duration,
}

/// Whether there is a rush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rush {
    /// No, and not within the last minute.
    Calm,
    /// It is over for less than a minute: nothing shrinks.
    Over,
    /// Yes: what is needed is added at once, and nothing shrinks.
    On,
}

/// What is remembered of rushes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RushMemory {
    since: Option<Moment>,
    last: Option<Moment>,
}

impl RushRule {
    /// Whether there is a rush now, when so many connections are on servers that have `capacity` together at their target.
    ///
    /// ```
    /// use hubbub_scaling::{Moment, Rush, RushMemory, RushRule};
    /// use std::time::Duration;
    /// let rule = RushRule { percent: 200, window: Duration::from_secs(6) };
    /// let at = Moment::from_secs;
    /// // Two servers for 500 each: 2,000 are twice as many.
    /// let (state, memory) = rule.look(RushMemory::default(), 2_000, 1_000, at(10));
    /// assert_eq!(state, Rush::Calm);
    /// let (state, memory) = rule.look(memory, 2_400, 1_000, at(16));
    /// assert_eq!(state, Rush::On);
    /// let (state, memory) = rule.look(memory, 2_400, 2_500, at(30)); // three more servers took sessions
    /// assert_eq!(state, Rush::Over);
    /// assert_eq!(rule.look(memory, 2_400, 2_500, at(76)).0, Rush::Calm);
    /// ```
    pub fn look(
        self,
        memory: RushMemory,
        connections: u64,
        capacity: u64,
        now: Moment,
    ) -> (Rush, RushMemory) {
        let above =
            capacity > 0 && u128::from(connections) * 100 >= u128::from(capacity) * u128::from(self.percent);
        let since = if above { Some(memory.since.unwrap_or(now)) } else { None };
        let on = since.is_some_and(|since| now.since(since) >= self.window);
        let last = if on { Some(now) } else { memory.last };
        let state = match last {
            _ if on => Rush::On,
            Some(last) if now.since(last) < CALM => Rush::Over,
            _ => Rush::Calm,
        };
        (state, RushMemory { since, last })
    }
}
