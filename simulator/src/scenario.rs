//! What a run assumes beside its trace.

use std::time::Duration;

use hubbub_scaling::Policy;

/// What a run assumes beside its trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The target, its tolerance and the bounds hold for every autoscaler; all else is Hubbub's alone.
    pub policy: Policy,
    /// A server takes sessions so long after it was asked for: at least and at most. Between them all is as likely.
    pub start: (Duration, Duration),
    /// A server that goes sends its sessions away evenly over this time, whoever chose it.
    pub drain: Duration,
    /// How long a client stays on average; somebody else comes in its place as long as the trace wants as many.
    pub stay: Duration,
    /// Where all chance comes from.
    pub seed: u64,
}

impl Default for Scenario {
    /// Servers whose image is on the node, on which the kubelet, the readiness probe and the Service need some seconds;
    /// the operator's own drain time; clients who stay for half an hour.
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            start: (Duration::from_secs(5), Duration::from_secs(15)),
            drain: Duration::from_secs(30),
            stay: Duration::from_mins(30),
            seed: 1,
        }
    }
}
