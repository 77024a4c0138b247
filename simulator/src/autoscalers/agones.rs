//! The `FleetAutoscaler` of Agones with a buffer.
//!
//! agones.dev, "Fleet Autoscaler Specification", and `pkg/fleetautoscalers/fleetautoscalers.go` in googleforgames/agones:
//! each 30 s as many servers as are allocated and a buffer of ready ones; here one is allocated when it has a session. The
//! buffer of 2 is that of the project's example, since there is no default. Sessions are handed out by an allocator that
//! packs them, up to the target of a server; only servers that are not allocated are deleted, so that nobody is ever
//! moved.

use std::time::Duration;

use hubbub_scaling::{Phase, Policy};

use super::{Action, Autoscaler, View};
use crate::{Deletion, Placement};

/// `fixedInterval.seconds`.
const SYNC: Duration = Duration::from_secs(30);

/// `bufferSize` in `examples/simple-game-server/fleetautoscaler.yaml`.
const BUFFER: u32 = 2;

/// The `FleetAutoscaler` of Agones with a buffer.
#[derive(Debug)]
pub struct Agones {
    policy: Policy,
}

impl Agones {
    /// With the target and the bounds of this policy, and otherwise as in the project's example.
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }
}

impl Autoscaler for Agones {
    fn name(&self) -> &'static str {
        "Agones buffer"
    }

    fn every(&self) -> Duration {
        SYNC
    }

    fn decide(&mut self, view: &View) -> Action {
        let pods = view.seen.pods.iter().filter(|pod| pod.phase != Phase::Leaving);
        let allocated = pods.filter(|pod| pod.connections.is_some_and(|there| there > 0)).count();
        let allocated = u32::try_from(allocated).unwrap_or(u32::MAX);
        let wanted = self.policy.bounds.clamp(allocated.saturating_add(BUFFER));
        let reason = format!("{allocated} are allocated");
        Action { ask: wanted.max(allocated), reason, ..Action::default() }
    }

    fn placement(&self) -> Placement {
        Placement::Packed
    }

    fn deletion(&self) -> Deletion {
        Deletion::Emptiest
    }
}
