//! How fast the size may change, in the words of Kubernetes' HorizontalPodAutoscaler (`autoscaling/v2`).
//!
//! The rules are those of "Configurable scaling behavior" in Kubernetes' documentation of the HPA and of KEP-853, so
//! that settings can be carried over as they are.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Moment;

/// How fast the size may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    /// To more servers.
    pub up: Rules,
    /// To fewer servers.
    pub down: Rules,
}

impl Default for Behavior {
    /// Up at once and by any number; down to the highest number of the last 5 minutes.
    fn default() -> Self {
        let at_once = Rules { stabilization: Duration::ZERO, policies: Vec::new(), select: Select::Max };
        Self { down: Rules { stabilization: Duration::from_mins(5), ..at_once.clone() }, up: at_once }
    }
}

impl Behavior {
    /// What the HPA does where nothing is said: up by 4 servers or to twice as many each 15 s, whichever is more; down
    /// by any number to the highest of the last 5 minutes.
    pub fn of_the_hpa() -> Self {
        let quarter = Duration::from_secs(15);
        let doubled = Pace { amount: Amount::Percent(100), period: quarter };
        let four = Pace { amount: Amount::Pods(4), period: quarter };
        Self {
            up: Rules { stabilization: Duration::ZERO, policies: vec![four, doubled], select: Select::Max },
            down: Rules {
                stabilization: Duration::from_mins(5),
                policies: vec![doubled],
                select: Select::Max,
            },
        }
    }

    /// The size that is allowed now, when there are `size` servers and `needed` would be right.
    ///
    /// A window first: up only to the lowest number that was needed within the one of `up`, down only to the highest
    /// within the one of `down`. Then the pace.
    ///
    /// ```
    /// use hubbub_scaling::{Behavior, Moment, Recent, Restraint};
    /// // The HPA's own: 2 servers become 6 (4 more) and then 12 (twice as many), 15 s apart, though 40 are needed.
    /// let hpa = Behavior::of_the_hpa();
    /// let (first, recent) = hpa.restrain(Recent::default(), 2, 40, Moment::from_secs(0));
    /// assert_eq!(first, (6, Some(Restraint::Pace)));
    /// let (too_early, recent) = hpa.restrain(recent, 6, 40, Moment::from_secs(10));
    /// assert_eq!(too_early, (6, Some(Restraint::Pace)));
    /// let (second, recent) = hpa.restrain(recent, 6, 40, Moment::from_secs(25));
    /// assert_eq!(second, (12, Some(Restraint::Pace)));
    /// // Down only when 5 minutes have gone by since 40 were needed.
    /// let (still, recent) = hpa.restrain(recent, 12, 3, Moment::from_secs(324));
    /// assert_eq!(still, (12, Some(Restraint::Window)));
    /// let (down, _) = hpa.restrain(recent, 12, 3, Moment::from_secs(325));
    /// assert_eq!(down, (3, None));
    /// ```
    pub fn restrain(
        &self,
        recent: Recent,
        size: u32,
        needed: u32,
        now: Moment,
    ) -> ((u32, Option<Restraint>), Recent) {
        let recent = recent.note(self, size, needed, now);
        let (lowest, highest) = (recent.lows.edge(needed), recent.highs.edge(needed));
        let steady = size.clamp(lowest, highest);
        let allowed = if steady > size {
            steady.min(self.up.most(&recent.sizes, size, now))
        } else {
            steady.max(self.down.least(&recent.sizes, size, now))
        };
        let by = if allowed == needed {
            None
        } else if allowed == steady {
            Some(Restraint::Window)
        } else {
            Some(Restraint::Pace)
        };
        ((allowed, by), recent)
    }
}

/// What keeps the size from being what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restraint {
    /// Something else was needed within the window.
    Window,
    /// It would be faster than the policies allow.
    Pace,
}

/// How fast the size may change in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// What is needed has to be needed for as long as this.
    pub stabilization: Duration,
    /// How many servers in what time. None: any number at once.
    pub policies: Vec<Pace>,
    /// Which of them holds.
    pub select: Select,
}

/// Which of several policies holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Select {
    /// The one that allows the greatest change.
    Max,
    /// The one that allows the least.
    Min,
    /// None: the size does not change in this direction.
    Disabled,
}

/// A change that is allowed within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// By how much, compared with the size when the period began.
    pub amount: Amount,
    /// In this time.
    pub period: Duration,
}

/// How much a size may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Amount {
    /// By so many servers.
    Pods(u32),
    /// By so many hundredths of the servers; part of a server counts as one.
    Percent(u32),
}

impl Rules {
    fn most(&self, sizes: &Sizes, size: u32, now: Moment) -> u32 {
        let limits = self.policies.iter().map(|pace| pace.above(sizes.at_the_start_of(pace.period, now)));
        match self.select {
            Select::Disabled => size,
            Select::Max => limits.max().unwrap_or(u32::MAX).max(size),
            Select::Min => limits.min().unwrap_or(u32::MAX).max(size),
        }
    }

    fn least(&self, sizes: &Sizes, size: u32, now: Moment) -> u32 {
        let limits = self.policies.iter().map(|pace| pace.below(sizes.at_the_start_of(pace.period, now)));
        match self.select {
            Select::Disabled => size,
            Select::Max => limits.min().unwrap_or(0).min(size),
            Select::Min => limits.max().unwrap_or(0).min(size),
        }
    }
}

impl Pace {
    /// The largest size that may follow one within the period.
    ///
    /// ```
    /// use hubbub_scaling::{Amount, Pace};
    /// use std::time::Duration;
    /// let half = Pace { amount: Amount::Percent(50), period: Duration::from_secs(60) };
    /// assert_eq!(half.above(5), 8); // 2.5 more, rounded up
    /// ```
    pub fn above(self, size: u32) -> u32 {
        size.saturating_add(self.change(size))
    }

    /// The smallest size that may follow one within the period.
    ///
    /// The example of the HPA's documentation: 10 % or 4 servers a minute, whichever is more, takes 80 servers to 72 and
    /// 64, and 40 to 36 and 32.
    /// ```
    /// use hubbub_scaling::{Amount, Pace};
    /// use std::time::Duration;
    /// let a_minute = |amount| Pace { amount, period: Duration::from_secs(60) };
    /// let (tenth, four) = (a_minute(Amount::Percent(10)), a_minute(Amount::Pods(4)));
    /// assert_eq!((tenth.below(80), four.below(80)), (72, 76));
    /// assert_eq!((tenth.below(72), four.below(72)), (64, 68)); // 7.2, rounded up
    /// assert_eq!((tenth.below(36), four.below(36)), (32, 32));
    /// assert_eq!((tenth.below(32), four.below(32)), (28, 28));
    /// ```
    pub fn below(self, size: u32) -> u32 {
        size.saturating_sub(self.change(size))
    }

    fn change(self, size: u32) -> u32 {
        match self.amount {
            Amount::Pods(pods) => pods,
            Amount::Percent(percent) => {
                let exact = u64::from(size) * u64::from(percent);
                u32::try_from(exact.div_ceil(100)).unwrap_or(u32::MAX)
            }
        }
    }
}

/// What was needed lately, and what the size was. An empty one takes what is there for needed, as the HPA does, so
/// that nothing shrinks until a whole window was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recent {
    highs: Edge,
    lows: Edge,
    sizes: Sizes,
}

impl Recent {
    /// Notes that there are `size` servers and that `needed` would be right.
    pub(crate) fn note(mut self, behavior: &Behavior, size: u32, needed: u32, now: Moment) -> Self {
        self.highs.note(needed, size, behavior.down.stabilization, now, |old, new| old <= new);
        self.lows.note(needed, size, behavior.up.stabilization, now, |old, new| old >= new);
        let policies = behavior.up.policies.iter().chain(&behavior.down.policies);
        let longest = policies.map(|pace| pace.period).max().unwrap_or_default();
        self.sizes.note(size, longest, now);
        self
    }
}

/// The highest, or the lowest, of what was needed within a window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    /// Falling numbers of servers (for the lowest, rising): whatever a later one outdoes no longer matters. That bounds
    /// the memory to the distinct sizes, whatever the window is.
    steps: VecDeque<(Moment, u32)>,
}

impl Edge {
    fn note(
        &mut self,
        needed: u32,
        there: u32,
        window: Duration,
        now: Moment,
        outdoes: impl Fn(u32, u32) -> bool,
    ) {
        if self.steps.is_empty() {
            self.steps.push_back((now, there));
        }
        while self.steps.back().is_some_and(|(_, old)| outdoes(*old, needed)) {
            self.steps.pop_back();
        }
        self.steps.push_back((now, needed));
        while self.steps.len() > 1 && self.steps.front().is_some_and(|(at, _)| now.since(*at) >= window) {
            self.steps.pop_front();
        }
    }

    fn edge(&self, needed: u32) -> u32 {
        self.steps.front().map_or(needed, |(_, edge)| *edge)
    }
}

/// Since when the size was what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sizes(VecDeque<(Moment, u32)>);

impl Sizes {
    fn note(&mut self, size: u32, longest: Duration, now: Moment) {
        if self.0.back().is_none_or(|(_, last)| *last != size) {
            self.0.push_back((now, size));
        }
        // What followed it already held when the longest period began.
        while self.0.get(1).is_some_and(|(at, _)| now.since(*at) >= longest) {
            self.0.pop_front();
        }
    }

    /// The size when a period began that ends now. What was before the first note was like it.
    fn at_the_start_of(&self, period: Duration, now: Moment) -> u32 {
        let before = self.0.iter().rev().find(|(at, _)| now.since(*at) >= period);
        before.or(self.0.front()).map_or(0, |(_, size)| *size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The highest of a window of 5 minutes, when 5 servers are there at first.
    fn highest(notes: &[(u32, u64)]) -> u32 {
        let mut highs = Edge::default();
        for (needed, at) in notes {
            let window = Duration::from_mins(5);
            highs.note(*needed, 5, window, Moment::from_secs(*at), |old, new| old <= new);
        }
        highs.edge(0)
    }

    #[test]
    fn the_first_note_takes_what_is_there_for_needed() {
        assert_eq!(highest(&[(2, 0)]), 5);
        assert_eq!(highest(&[(2, 0), (2, 299)]), 5);
        assert_eq!(highest(&[(2, 0), (2, 299), (2, 300)]), 2);
    }

    #[test]
    fn a_peak_counts_for_as_long_as_the_window() {
        assert_eq!(highest(&[(2, 0), (7, 100), (1, 399)]), 7);
        assert_eq!(highest(&[(2, 0), (7, 100), (1, 399), (1, 400)]), 1);
    }

    #[test]
    fn a_steady_need_takes_no_memory() {
        let mut recent = Recent::default();
        for second in 0..10_000 {
            recent = recent.note(&Behavior::of_the_hpa(), 3, 3, Moment::from_secs(second));
        }
        assert_eq!((recent.highs.steps.len(), recent.lows.steps.len(), recent.sizes.0.len()), (1, 1, 1));
    }

    #[test]
    fn old_sizes_are_forgotten() {
        let mut recent = Recent::default();
        for second in 0..1_000_u32 {
            let now = Moment::from_secs(second.into());
            recent = recent.note(&Behavior::of_the_hpa(), second, second, now);
        }
        assert_eq!(recent.sizes.0.len(), 16);
    }

    fn paced(select: Select) -> Behavior {
        let a_minute = |amount| Pace { amount, period: Duration::from_mins(1) };
        let policies = vec![a_minute(Amount::Pods(4)), a_minute(Amount::Percent(10))];
        let rules = Rules { stabilization: Duration::ZERO, policies, select };
        Behavior { up: rules.clone(), down: rules }
    }

    #[test]
    fn the_greatest_or_the_least_change_is_selected_or_none() {
        for (select, up, down) in [(Select::Max, 88, 72), (Select::Min, 84, 76), (Select::Disabled, 80, 80)] {
            let once =
                |needed| paced(select).restrain(Recent::default(), 80, needed, Moment::from_secs(0)).0.0;
            assert_eq!((once(200), once(10)), (up, down), "{select:?}");
        }
    }

    #[test]
    fn eighty_servers_go_as_the_documentation_of_the_hpa_tells() {
        let (mut recent, mut size, mut sizes) = (Recent::default(), 80, Vec::new());
        for second in 0..=600 {
            let ((allowed, _), next) =
                paced(Select::Max).restrain(recent, size, 10, Moment::from_secs(second));
            recent = next;
            if allowed != size {
                sizes.push(allowed);
            }
            size = allowed;
        }
        assert_eq!(sizes, [72, 64, 57, 51, 45, 40, 36, 32, 28, 24]);
    }

    #[test]
    fn growth_waits_for_its_window() {
        let mut behavior = Behavior::default();
        behavior.up.stabilization = Duration::from_secs(30);
        let (first, recent) = behavior.restrain(Recent::default(), 2, 5, Moment::from_secs(0));
        assert_eq!(first, (2, Some(Restraint::Window)));
        let (then, recent) = behavior.restrain(recent, 2, 4, Moment::from_secs(30));
        assert_eq!(then, (4, None));
        let (later, _) = behavior.restrain(recent, 4, 5, Moment::from_secs(31));
        assert_eq!(later, (4, Some(Restraint::Window)));
    }
}
