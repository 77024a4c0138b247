//! KEDA with a trigger on the number of connections, with its defaults.
//!
//! keda.sh, "Scaling Deployments" and "`ScaledObject` specification": KEDA itself goes from 0 to 1 server and back. It looks
//! each 30 s (`pollingInterval`), and goes to 0 when nothing was there for 300 s (`cooldownPeriod`). In between an HPA that
//! it makes decides, by a metric of type External with an average for each server, which it is asked for at each look
//! (`useCachedMetrics` is off). `minReplicaCount` is 0.

use std::time::Duration;

use hubbub_scaling::{Bounds, Moment, Policy};

use super::hpa::{Controller, SYNC, is_near};
use super::{Action, Autoscaler, View};

/// `pollingInterval`, a multiple of the HPA's sync period.
const POLL: Duration = Duration::from_secs(30);

/// `cooldownPeriod`.
const COOLDOWN: Duration = Duration::from_mins(5);

/// KEDA with a trigger on the number of connections.
#[derive(Debug)]
pub struct Keda {
    target: f64,
    hpa: Controller,
    polled: Option<Moment>,
    /// When somebody wanted to be connected last.
    active: Option<Moment>,
}

impl Keda {
    /// With the target and the maximum of this policy, and otherwise with its defaults.
    pub fn new(policy: &Policy) -> Self {
        // A policy allows one server at least.
        let bounds = Bounds::new(1, policy.bounds.max()).unwrap_or(policy.bounds);
        let hpa = Controller::new(bounds);
        Self { target: policy.target.get().into(), hpa, polled: None, active: None }
    }

    /// What KEDA itself asks for, without its HPA.
    fn poll(&mut self, size: u32, wanted: u32, now: Moment) -> u32 {
        if self.polled.is_some_and(|last| now.since(last) < POLL) {
            return size;
        }
        self.polled = Some(now);
        if wanted > 0 {
            self.active = Some(now);
            return size.max(1);
        }
        let since = *self.active.get_or_insert(now);
        if now.since(since) >= COOLDOWN { 0 } else { size }
    }
}

impl Autoscaler for Keda {
    fn name(&self) -> &'static str {
        "KEDA"
    }

    fn every(&self) -> Duration {
        SYNC
    }

    fn decide(&mut self, view: &View) -> Action {
        let size = view.seen.asked.unwrap_or(0);
        let polled = self.poll(size, view.wanted, view.now);
        if size == 0 || polled == 0 {
            return Action { ask: polled, reason: "activation".to_owned(), ..Action::default() };
        }
        let needed = average_replicas(size, view.wanted.into(), self.target);
        self.hpa.step(size, needed, view.now)
    }
}

/// How many servers have the target each of a total that is theirs together.
///
/// The examples are those of `replica_calculator_test.go` in kubernetes/kubernetes.
/// ```
/// use hubbub_simulator::autoscalers::average_replicas;
/// assert_eq!(average_replicas(3, 8_600.0, 2_150.0), 4); // TestReplicaCalcScaleUpPerPodCMExternal
/// assert_eq!(average_replicas(5, 8_600.0, 3_000.0), 3); // a third is too many: 2.9 are needed
/// assert_eq!(average_replicas(3, 3_200.0, 1_000.0), 3); // within a tenth
/// ```
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few servers")]
pub fn average_replicas(size: u32, total: f64, target: f64) -> u32 {
    let ratio = total / (target * f64::from(size));
    if is_near(ratio) { size } else { (total / target).ceil() as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(keda: &mut Keda, size: u32, wanted: u32, at: u64) -> u32 {
        keda.poll(size, wanted, Moment::from_secs(at))
    }

    #[test]
    fn it_goes_to_none_after_the_cooldown_and_comes_back_at_the_next_poll() {
        let mut keda = Keda::new(&Policy::default());
        assert_eq!(polls(&mut keda, 1, 5, 0), 1);
        assert_eq!(polls(&mut keda, 1, 0, 30), 1);
        assert_eq!(polls(&mut keda, 1, 0, 270), 1);
        assert_eq!(polls(&mut keda, 1, 0, 300), 0);
        // Somebody comes right after a poll, and is seen 30 s later.
        assert_eq!(polls(&mut keda, 0, 7, 315), 0);
        assert_eq!(polls(&mut keda, 0, 7, 330), 1);
    }
}
