//! Knative's pod autoscaler, the KPA, with its defaults and connections as concurrency.
//!
//! knative.dev, "Additional autoscaling configuration for Knative Pod Autoscaler", and `pkg/autoscaler/scaling/autoscaler.go`
//! in knative/serving: a look each 2 s at the mean of the last 60 s; when the mean of the last 6 s needs twice the servers
//! that are ready, it panics: it goes by the higher of the two and does not shrink until it has not panicked for 60 s. At
//! most 1,000 times as many servers, and not fewer than half of them, at a time.

use std::collections::VecDeque;
use std::time::Duration;

use hubbub_scaling::{Moment, Phase, Policy};

use super::{Action, Autoscaler, View};

/// `tick-interval`.
const TICK: Duration = Duration::from_secs(2);

/// `stable-window`.
const STABLE: Duration = Duration::from_mins(1);

/// The looks of `stable-window`, and those of a tenth of it: `panic-window-percentage`.
const STABLE_LOOKS: usize = 30;
const PANIC_LOOKS: usize = 3;

/// `panic-threshold-percentage`.
const THRESHOLD: f64 = 2.0;

/// `max-scale-up-rate` and `max-scale-down-rate`.
const UP: f64 = 1_000.0;
const DOWN: f64 = 2.0;

/// Knative's pod autoscaler.
#[derive(Debug)]
pub struct Knative {
    policy: Policy,
    looks: VecDeque<u64>,
    mode: Panic,
}

impl Knative {
    /// With the target and the bounds of this policy, and otherwise with its defaults.
    pub fn new(policy: Policy) -> Self {
        Self { policy, looks: VecDeque::new(), mode: Panic::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn mean(&self, looks: usize) -> f64 {
        let looks = looks.min(self.looks.len());
        self.looks.iter().rev().take(looks).sum::<u64>() as f64 / looks.max(1) as f64
    }
}

impl Autoscaler for Knative {
    fn name(&self) -> &'static str {
        "Knative KPA"
    }

    fn every(&self) -> Duration {
        TICK
    }

    fn decide(&mut self, view: &View) -> Action {
        let pods = &view.seen.pods;
        self.looks.push_back(pods.iter().filter_map(|pod| pod.connections).map(u64::from).sum());
        if self.looks.len() > STABLE_LOOKS {
            self.looks.pop_front();
        }
        let (stable, panic) = (self.mean(STABLE_LOOKS), self.mean(PANIC_LOOKS));
        let ready = pods.iter().filter(|pod| pod.ready && pod.phase == Phase::Serving).count();
        let needed = self.mode.replicas(
            u32::try_from(ready).unwrap_or(u32::MAX),
            stable,
            panic,
            self.policy.target.get().into(),
            view.now,
        );
        let reason = format!("{needed} are recommended");
        Action { ask: self.policy.bounds.clamp(needed), reason, ..Action::default() }
    }
}

/// Whether it panics, and what it does not go below then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Panic {
    since: Option<Moment>,
    most: u32,
}

impl Panic {
    /// How many servers there should be, when so many are ready and these are the means of the two windows.
    ///
    /// The examples are those of `autoscaler_test.go` in knative/serving.
    /// ```
    /// use hubbub_scaling::Moment;
    /// use hubbub_simulator::autoscalers::Panic;
    /// let now = Moment::from_secs(1_000);
    /// let once = |ready, stable, panic, target| Panic::default().replicas(ready, stable, panic, target, now);
    /// // TestAutoscalerStableModeDecrease
    /// assert_eq!(once(8, 100.0, 100.0, 10.0), 10);
    /// assert_eq!(once(8, 50.0, 50.0, 10.0), 5);
    /// // TestAutoscalerPanicModeDoublePodCount: the shorter window goes first
    /// assert_eq!(once(1, 50.0, 100.0, 10.0), 10);
    /// // TestAutoscalerPanicModeExponentialTrackAndStabilize
    /// assert_eq!(once(1, 6.0, 6.0, 1.0), 6);
    /// assert_eq!(once(6, 36.0, 36.0, 1.0), 36);
    /// ```
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few servers")]
    pub fn replicas(&mut self, ready: u32, stable: f64, panic: f64, target: f64, now: Moment) -> u32 {
        let ready = f64::from(ready.max(1));
        let allowed =
            |load: f64| (load / target).ceil().clamp((ready / DOWN).floor(), (ready * UP).ceil()) as u32;
        if (panic / target).ceil() / ready >= THRESHOLD {
            self.since = Some(now);
        } else if self.since.is_some_and(|since| now.since(since) > STABLE) {
            *self = Self::default();
        }
        if self.since.is_none() {
            return allowed(stable);
        }
        self.most = self.most.max(allowed(stable)).max(allowed(panic));
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_shrink_before_it_has_not_panicked_for_a_minute() {
        let mut mode = Panic::default();
        let mut at = |second, stable, panic| mode.replicas(4, stable, panic, 10.0, Moment::from_secs(second));
        assert_eq!(at(0, 40.0, 90.0), 9);
        assert_eq!(at(60, 10.0, 10.0), 9);
        assert_eq!(at(61, 30.0, 10.0), 3);
    }

    #[test]
    fn it_at_most_halves() {
        assert_eq!(Panic::default().replicas(9, 1.0, 1.0, 10.0, Moment::from_secs(0)), 4);
    }
}
