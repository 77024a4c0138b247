//! Hubbub's own rules: `decide` of the crate `hubbub-scaling`, as the operator calls it.

use std::time::Duration;

use hubbub_scaling::{Memory, Policy, decide};

use super::{Action, Autoscaler, View};

/// What it is called.
pub(crate) const OURS: &str = "Hubbub";

/// Hubbub's operator, which looks once a second.
#[derive(Debug)]
pub struct Hubbub {
    name: &'static str,
    policy: Policy,
    memory: Memory,
}

impl Hubbub {
    /// With this policy, and nothing to remember.
    pub fn new(policy: Policy) -> Self {
        Self { name: OURS, policy, memory: Memory::default() }
    }

    /// With the target, its tolerance and the bounds of this policy, and with defaults otherwise.
    pub fn with_defaults(policy: &Policy) -> Self {
        let Policy { target, bounds, tolerance, intake, drain, drain_deadline, .. } = *policy;
        let policy = Policy { target, bounds, tolerance, intake, drain, drain_deadline, ..Policy::default() };
        Self { name: "Hubbub, defaults", policy, memory: Memory::default() }
    }

    /// From now on with this size, whatever the connections are.
    pub(super) fn pin(&mut self, servers: u32) {
        self.policy.pinned = Some(servers);
    }
}

impl Autoscaler for Hubbub {
    fn name(&self) -> &'static str {
        self.name
    }

    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn decide(&mut self, view: &View) -> Action {
        let memory = std::mem::take(&mut self.memory);
        let (decision, memory) = decide(&self.policy, view.seen, memory, view.now);
        self.memory = memory;
        Action {
            ask: decision.ask,
            drain: decision.victims,
            take_back: decision.resume,
            shed: decision.moves,
            hold: decision.hold,
            reason: decision.reason,
        }
    }
}
