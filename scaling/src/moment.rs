//! A point in time, from whoever calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: how long after the Unix epoch, in whole milliseconds. This crate never asks for the time, it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Moment(Duration);

impl Moment {
    /// So many whole seconds after the epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// So many milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after `earlier` this is; nothing when it is before, as happens when clocks are set.
    ///
    /// ```
    /// use hubbub_scaling::Moment;
    /// use std::time::Duration;
    /// let (earlier, later) = (Moment::from_secs(10), Moment::from_secs(13));
    /// assert_eq!(later.since(earlier), Duration::from_secs(3));
    /// assert_eq!(earlier.since(later), Duration::ZERO);
    /// ```
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<u64> for Moment {
    fn from(millis: u64) -> Self {
        Self::from_millis(millis)
    }
}

impl From<Moment> for u64 {
    fn from(Moment(since_epoch): Moment) -> Self {
        Self::try_from(since_epoch.as_millis()).unwrap_or(Self::MAX)
    }
}
