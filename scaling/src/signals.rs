//! What the size follows beside connections.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::Pod;

/// What the size follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The connections of a server.
    Connections,
    /// The bytes that wait in the queues of its sessions.
    SendQueue,
    /// How late its timers fire, in microseconds.
    EventLoopLag,
    /// The sessions that it takes a second.
    AcceptRate,
}

/// What a server says of how busy it is, beside its connections. One that has not started has nothing of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Readings {
    /// The bytes that wait in the queues of its sessions.
    pub send_queue_bytes: u64,
    /// How late its timers fire, in microseconds.
    pub event_loop_lag_micros: u64,
    /// The sessions that it takes a second.
    pub accepts_per_second: u64,
    /// The connections that it has refused because it was full, since it started.
    pub refused: u64,
    /// Those that it has refused because more came at once than it lets in, since it started: they come back in turn.
    #[serde(default)]
    pub put_off: u64,
}

/// What servers should have on average, beside connections. What has no target is not looked at.
///
/// Each signal asks for servers by the rule of [`recommend`](crate::recommend), with the sum over all servers in place of
/// the connections, and with the same tolerance. The one that asks for the most wins, and is the one that the reason names.
/// A server that does not say counts as 0 when growing and as at the target when shrinking.
///
/// ```
/// # use hubbub_scaling::*;
/// # use std::num::NonZeroU32;
/// # let pod = |name: &str, connections, readings| Pod {
/// #     name: name.to_owned(), phase: Phase::Serving, ready: true, connections: Some(connections),
/// #     readings: Some(readings), current_template: true, created: Moment::from_secs(0),
/// # };
/// # let decision = |policy: &Policy, pods: Vec<Pod>| {
/// #     let asked = pods.len().try_into().ok();
/// #     let seen = Observation { asked, pods, rollout: false, engine_healthy: true };
/// #     decide(policy, &seen, Memory::default(), Moment::from_secs(60)).0
/// # };
/// let signals = Signals { accepts_per_second: NonZeroU32::new(100), ..Signals::default() };
/// let policy = Policy { signals, ..Policy::default() };
/// let taking = |accepts_per_second| Readings { accepts_per_second, ..Readings::default() };
///
/// // 640 connections want 2 servers at 500 each, 350 accepts a second 4 at 100 each: 4.
/// let busy = decision(&policy, vec![pod("a", 320, taking(180)), pod("b", 320, taking(170))]);
/// assert_eq!(busy.replicas, 4);
/// assert_eq!(busy.reason, "350 new sessions a second need 4 servers at 100 each");
///
/// // 1,200 connections want 3, which is more than 2 for 150 accepts a second.
/// let full = decision(&policy, vec![pod("a", 600, taking(70)), pod("b", 600, taking(80))]);
/// assert_eq!(full.reason, "1,200 connections need 3 servers at 500 each");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signals {
    /// The bytes that wait in the queues of a server's sessions. Two servers with 40 and 20 MiB need 4 for 16 MiB each:
    /// 60 / 16, rounded up.
    ///
    /// ```
    /// use hubbub_scaling::{Load, Recommendation, Tolerance, recommend};
    /// # use std::num::NonZeroU32;
    /// let (mib, tenth) = (1 << 20, Tolerance::new(0.1).unwrap());
    /// let target = NonZeroU32::new(16 * mib).unwrap();
    /// let waiting = Load { low: 60 * u64::from(mib), high: 60 * u64::from(mib) };
    /// assert_eq!(recommend(waiting, 2, target, tenth), Recommendation::Grow(4));
    /// ```
    pub send_queue_bytes: Option<NonZeroU32>,
    /// How late a server's timers fire, in microseconds. Two servers of 130 ms need 6 for 50 ms each: 260 / 50, rounded
    /// up. Lag is not in proportion to load, so that this is a step towards the target and not yet there, as with an HPA.
    ///
    /// ```
    /// use hubbub_scaling::{Load, Recommendation, Tolerance, recommend};
    /// # use std::num::NonZeroU32;
    /// let (target, tenth) = (NonZeroU32::new(50_000).unwrap(), Tolerance::new(0.1).unwrap());
    /// let late = Load { low: 2 * 130_000, high: 2 * 130_000 };
    /// assert_eq!(recommend(late, 2, target, tenth), Recommendation::Grow(6));
    /// ```
    pub event_loop_lag_micros: Option<NonZeroU32>,
    /// The sessions that a server takes a second. Three servers that take 90 a second in all could be 1 for 100 each.
    ///
    /// ```
    /// use hubbub_scaling::{Load, Recommendation, Tolerance, recommend};
    /// # use std::num::NonZeroU32;
    /// let (target, tenth) = (NonZeroU32::new(100).unwrap(), Tolerance::new(0.1).unwrap());
    /// assert_eq!(recommend(Load { low: 90, high: 90 }, 3, target, tenth), Recommendation::Shrink(1));
    /// // One of them does not say, and counts as 100: 190 need 2.
    /// assert_eq!(recommend(Load { low: 90, high: 190 }, 3, target, tenth), Recommendation::Shrink(2));
    /// ```
    pub accepts_per_second: Option<NonZeroU32>,
}

impl Signals {
    /// Those that have a target, and which.
    pub(crate) fn targets(self) -> impl Iterator<Item = (Signal, NonZeroU32)> {
        [
            (Signal::SendQueue, self.send_queue_bytes),
            (Signal::EventLoopLag, self.event_loop_lag_micros),
            (Signal::AcceptRate, self.accepts_per_second),
        ]
        .into_iter()
        .filter_map(|(signal, target)| Some((signal, target?)))
    }
}

impl Signal {
    /// What a server has of it; `None` when it did not say.
    pub(crate) fn of(self, pod: &Pod) -> Option<u64> {
        match self {
            Self::Connections => pod.connections.map(u64::from),
            Self::SendQueue => pod.readings.map(|readings| readings.send_queue_bytes),
            Self::EventLoopLag => pod.readings.map(|readings| readings.event_loop_lag_micros),
            Self::AcceptRate => pod.readings.map(|readings| readings.accepts_per_second),
        }
    }
}
