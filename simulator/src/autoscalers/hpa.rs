//! Kubernetes' HorizontalPodAutoscaler, `autoscaling/v2`, with its defaults.
//!
//! The rules are those of kubernetes.io, "Horizontal Pod Autoscaling", chapters "Algorithm details" and "Configurable scaling
//! behavior", and of `pkg/controller/podautoscaler/replica_calculator.go` in kubernetes/kubernetes. Defaults: a look each
//! 15 s, a tolerance of 10 %, and [`Behavior::of_the_hpa`].

use std::collections::HashMap;
use std::time::Duration;

use hubbub_scaling::{Behavior, Bounds, Moment, Phase, Pod, Policy, Recent};

use super::{Action, Autoscaler, View};

/// `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;

/// `--horizontal-pod-autoscaler-sync-period`, and `--metric-resolution` of metrics-server.
pub(crate) const SYNC: Duration = Duration::from_secs(15);

/// The size that an HPA asks for, from look to look.
#[derive(Debug)]
pub(super) struct Controller {
    behavior: Behavior,
    recent: Recent,
    bounds: Bounds,
}

impl Controller {
    /// Within these bounds, with the defaults of the HPA.
    pub(super) fn new(bounds: Bounds) -> Self {
        Self::behaving(Behavior::of_the_hpa(), bounds)
    }

    fn behaving(behavior: Behavior, bounds: Bounds) -> Self {
        Self { behavior, recent: Recent::default(), bounds }
    }

    /// What is to be done, when there are `size` servers and `needed` would be right.
    pub(super) fn step(&mut self, size: u32, needed: u32, now: Moment) -> Action {
        let within = self.bounds.clamp(needed);
        let recent = std::mem::take(&mut self.recent);
        let ((allowed, _), recent) = self.behavior.restrain(recent, size, within, now);
        let ask = self.bounds.clamp(allowed);
        // It dates a change at the look that makes it, and not at the next one, which sees it: else a period of 15 s would
        // last for two looks.
        (_, self.recent) = self.behavior.restrain(recent, ask, within, now);
        Action { ask, reason: format!("{needed} are recommended"), ..Action::default() }
    }
}

/// Whether so many times the target is left as it is.
pub(super) fn is_near(ratio: f64) -> bool {
    (1.0 - ratio).abs() <= TOLERANCE
}

/// What the HPA goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The connections of each server, a metric of type Pods.
    Connections,
    /// The CPU of each server, a metric of type Resource: in proportion to its connections, and such that the target
    /// connections are the target utilisation. It is as old as metrics-server makes it: the mean of the 15 s before
    /// the last look.
    Cpu,
}

/// Kubernetes' HorizontalPodAutoscaler.
#[derive(Debug)]
pub struct Hpa {
    metric: Metric,
    target: f64,
    controller: Controller,
    /// For each server what metrics-server read, the last two times, the newer first.
    readings: HashMap<String, (f64, Option<f64>)>,
}

impl Hpa {
    /// With the target and the bounds of this policy, and otherwise with its defaults.
    pub fn new(metric: Metric, policy: &Policy) -> Self {
        Self::controlled(metric, policy, Controller::new(policy.bounds))
    }

    /// With a `behavior` of its own: that of this policy.
    pub fn behaving(metric: Metric, policy: &Policy) -> Self {
        let controller = Controller::behaving(policy.behavior.clone(), policy.bounds);
        Self::controlled(metric, policy, controller)
    }

    fn controlled(metric: Metric, policy: &Policy, controller: Controller) -> Self {
        Self { metric, target: policy.target.get().into(), controller, readings: HashMap::new() }
    }

    /// What is known of a server; `None` when it is too young for that, or not ready.
    fn value(&self, pod: &Pod) -> Option<f64> {
        if !pod.ready {
            return None;
        }
        match self.metric {
            Metric::Connections => pod.connections.map(f64::from),
            Metric::Cpu => self.readings.get(&pod.name).and_then(|(_, mean)| *mean),
        }
    }

    fn read(&mut self, pods: &[Pod]) {
        let mut fresh = HashMap::with_capacity(pods.len());
        for pod in pods {
            if let Some(now) = pod.connections.filter(|_| pod.ready).map(f64::from) {
                let mean = self.readings.get(&pod.name).map(|(before, _)| f64::midpoint(*before, now));
                fresh.insert(pod.name.clone(), (now, mean));
            }
        }
        self.readings = fresh;
    }
}

impl Autoscaler for Hpa {
    fn name(&self) -> &'static str {
        match self.metric {
            Metric::Connections => "HPA, connections",
            Metric::Cpu => "HPA, CPU",
        }
    }

    fn every(&self) -> Duration {
        SYNC
    }

    fn decide(&mut self, view: &View) -> Action {
        let size = view.seen.asked.unwrap_or(0);
        let pods = view.seen.pods.iter().filter(|pod| pod.phase != Phase::Leaving);
        let values: Vec<Option<f64>> = pods.map(|pod| self.value(pod)).collect();
        let needed = replicas(size, &values, self.target);
        if self.metric == Metric::Cpu {
            self.read(&view.seen.pods);
        }
        self.controller.step(size, needed, view.now)
    }
}

/// How many servers bring the mean of these values back to the target. `None` stands for a server that is not ready: it
/// is left out, and counts as 0 where there should be more.
///
/// The examples are those of the documentation and of `replica_calculator_test.go`.
/// ```
/// use hubbub_simulator::autoscalers::replicas;
/// // "if the current metric value is 200m, and the desired value is 100m, the number of replicas will be doubled"
/// assert_eq!(replicas(3, &[Some(200.0); 3], 100.0), 6);
/// // "if the current value is instead 50m, you'll halve the number of replicas"
/// assert_eq!(replicas(4, &[Some(50.0); 4], 100.0), 2);
/// // TestReplicaCalcScaleUp, and with the first server unready
/// assert_eq!(replicas(3, &[Some(300.0), Some(500.0), Some(700.0)], 300.0), 5);
/// assert_eq!(replicas(3, &[None, Some(500.0), Some(700.0)], 300.0), 4);
/// // TestReplicaCalcScaleUpUnreadyNoScale: with the unready as 0 fewer would do, so nothing is done
/// assert_eq!(replicas(3, &[Some(400.0), None, None], 300.0), 3);
/// // TestReplicaCalcScaleDown
/// assert_eq!(replicas(5, &[Some(100.0), Some(300.0), Some(500.0), Some(250.0), Some(250.0)], 500.0), 3);
/// // TestReplicaCalcTolerance
/// assert_eq!(replicas(3, &[Some(1_010.0), Some(1_030.0), Some(1_020.0)], 1_000.0), 3);
/// ```
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "few servers"
)]
pub fn replicas(current: u32, values: &[Option<f64>], target: f64) -> u32 {
    let ready = values.iter().flatten().count();
    if ready == 0 {
        return current;
    }
    let sum: f64 = values.iter().flatten().sum();
    let ratio = |servers: usize| sum / (servers as f64 * target);
    let first = ratio(ready);
    if ready == values.len() || first <= 1.0 {
        return if is_near(first) { current } else { (first * ready as f64).ceil() as u32 };
    }
    let all = ratio(values.len());
    if is_near(all) || all < 1.0 { current } else { (all * values.len() as f64).ceil() as u32 }
}
