//! Those that servers refused: they are in nobody's count of connections.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Moment, Observation, Readings};

/// Over no less time than this a rate is taken: two looks may be milliseconds apart.
const LEAST: Duration = Duration::from_secs(1);

/// How many connections a server refuses a second, by its count of all that it refused since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    count: u64,
    at: Moment,
    per_second: u64,
}

impl Refused {
    /// What is known at the first look: nothing, since nobody knows when that was.
    pub fn begin(count: u64, now: Moment) -> Self {
        Self { count, at: now, per_second: 0 }
    }

    /// What is known after another look. A count that fell began anew, with a server that was started again.
    ///
    /// ```
    /// use hubbub_scaling::{Moment, Refused};
    /// let at = Moment::from_secs;
    /// let first = Refused::begin(1_000, at(10));
    /// assert_eq!(first.per_second(), 0);
    /// let second = first.note(1_121, at(12));
    /// assert_eq!(second.per_second(), 61); // 121 in 2 s, rounded up
    /// assert_eq!(second.note(30, at(13)).per_second(), 30); // it was started again
    /// assert_eq!(second.note(1_121, at(13)).per_second(), 0);
    /// ```
    #[must_use]
    pub fn note(self, count: u64, now: Moment) -> Self {
        let since = now.since(self.at);
        if since < LEAST {
            return self;
        }
        let more = if count < self.count { count } else { count - self.count };
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self { count, at: now, per_second: more.saturating_mul(1_000).div_ceil(millis) }
    }

    /// How many a second, at the last look.
    pub fn per_second(self) -> u64 {
        self.per_second
    }
}

/// What is remembered of each server, for one reason to refuse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusals {
    by_server: BTreeMap<String, Refused>,
}

impl Refusals {
    /// How many all servers together refuse a second, by the counts that `of` reads. One that does not answer is waited
    /// for, and counts for nothing.
    pub(crate) fn look(
        mut self,
        seen: &Observation,
        of: impl Fn(&Readings) -> u64,
        now: Moment,
    ) -> (u64, Self) {
        let (mut by_server, mut per_second) = (BTreeMap::new(), 0_u64);
        for pod in &seen.pods {
            let before = self.by_server.remove(&pod.name);
            let known = match (before, pod.readings.as_ref().map(&of)) {
                (Some(before), Some(count)) => before.note(count, now),
                (None, Some(count)) => Refused::begin(count, now),
                (Some(before), None) => {
                    by_server.insert(pod.name.clone(), before);
                    continue;
                }
                (None, None) => continue,
            };
            per_second = per_second.saturating_add(known.per_second());
            by_server.insert(pod.name.clone(), known);
        }
        (per_second, Self { by_server })
    }
}
