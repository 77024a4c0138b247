//! Hubbub's own rules: `decide` of the crate `hubbub-scaling`, as the operator calls it.

use std::time::Duration;

use hubbub_scaling::{Memory, Policy, decide};

use super::{Action, Autoscaler, View};

/// Hubbub's operator, which looks once a second.
#[derive(Debug)]
pub struct Hubbub {
    policy: Policy,
    memory: Memory,
}

impl Hubbub {
    /// With this policy, and nothing to remember.
    pub fn new(policy: Policy) -> Self {
        Self { policy, memory: Memory::default() }
    }

    /// From now on with this size, whatever the connections are.
    pub(super) fn pin(&mut self, servers: u32) {
        self.policy.pinned = Some(servers);
    }
}

impl Autoscaler for Hubbub {
    fn name(&self) -> &'static str {
        "Hubbub"
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
            reason: decision.reason,
        }
    }
}
