//! The best that could be done by somebody who knows the whole trace.

use std::time::Duration;

use hubbub_scaling::{Moment, servers_for};

use super::{Action, Autoscaler, Hubbub, View};
use crate::figures::edge;
use crate::{Scenario, Trace};

/// Knows the trace: as few hours of servers as never have too many connections. It empties servers as Hubbub does.
#[derive(Debug)]
pub struct Clairvoyant {
    plan: Vec<u32>,
    hands: Hubbub,
}

impl Clairvoyant {
    /// For this trace.
    pub fn new(trace: &Trace, scenario: &Scenario) -> Self {
        let policy = &scenario.policy;
        let needed: Vec<u32> = trace
            .wanted()
            .iter()
            .map(|wanted| policy.bounds.clamp(servers_for((*wanted).into(), edge(policy))))
            .collect();
        // Two seconds more: it looks once a second, and half a second after the clients came.
        let lead = scenario.start.1.as_secs() + 2;
        let plan = plan(&needed, lead, scenario.drain.as_secs() + 2);
        Self { plan, hands: Hubbub::new(policy.clone()) }
    }
}

impl Autoscaler for Clairvoyant {
    fn name(&self) -> &'static str {
        "optimum"
    }

    fn every(&self) -> Duration {
        self.hands.every()
    }

    fn decide(&mut self, view: &View) -> Action {
        let second = view.now.since(Moment::from_secs(0)).as_secs();
        let second = usize::try_from(second).unwrap_or(usize::MAX).min(self.plan.len() - 1);
        self.hands.pin(self.plan[second]);
        let mut action = self.hands.decide(view);
        action.reason = format!("{} are planned", self.plan[second]);
        action
    }
}

/// The plan that has all the servers that are `needed` in each second, and the fewest seconds of servers, when a server is
/// paid for `lead` seconds before it is of use and `tail` seconds after.
///
/// The dynamic programme of that is separable: a server more costs the same whatever there is already, so each level, the
/// first server, the second and so on, is decided on for itself. Its gaps are bridged when that is no dearer than to stop
/// and to start again.
///
/// ```
/// use hubbub_simulator::autoscalers::plan;
/// // The second server starts two seconds early. A gap of 3 s is as dear as a start, one of 4 s is dearer.
/// assert_eq!(plan(&[1, 1, 1, 2, 1, 1, 1, 2, 1], 2, 1), [1, 2, 2, 2, 2, 2, 2, 2, 1]);
/// assert_eq!(plan(&[1, 1, 1, 2, 1, 1, 1, 1, 2], 2, 1), [1, 2, 2, 2, 1, 1, 2, 2, 2]);
/// ```
pub fn plan(needed: &[u32], lead: u64, tail: u64) -> Vec<u32> {
    let lead = usize::try_from(lead).unwrap_or(usize::MAX);
    let bridged = lead.saturating_add(usize::try_from(tail).unwrap_or(usize::MAX));
    let mut plan = needed.to_vec();
    // When each level, above the first second's, was needed last.
    let mut ended: Vec<Option<usize>> = vec![None; needed.iter().max().map_or(0, |most| *most as usize)];
    for second in 1..needed.len() {
        let (before, now) = (needed[second - 1] as usize, needed[second] as usize);
        if now < before {
            ended[now..before].fill(Some(second));
        }
        for end in ended.iter().take(now).skip(before) {
            let from = match *end {
                Some(end) if second - end <= bridged => end,
                _ => second.saturating_sub(lead),
            };
            for planned in &mut plan[from..second] {
                *planned += 1;
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is paid after a stop: not for seconds that the trace no longer has.
    fn stop(servers: u32, tail: usize, second: usize, seconds: usize) -> u32 {
        servers * u32::try_from(tail.min(seconds - second)).unwrap()
    }

    fn cost(plan: &[u32], tail: usize) -> u32 {
        let pairs = plan.windows(2).enumerate();
        let stops =
            pairs.map(|(index, pair)| stop(pair[0].saturating_sub(pair[1]), tail, index + 1, plan.len()));
        plan.iter().sum::<u32>() + stops.sum::<u32>()
    }

    /// The cost of the cheapest plan, by dynamic programming over all sizes in all seconds.
    fn cheapest(needed: &[u32], lead: usize, tail: usize) -> u32 {
        const TOO_FEW: u32 = 1_000_000;
        let most = needed.iter().copied().max().unwrap();
        let first = |size| if size < needed[0] { TOO_FEW } else { size };
        let mut costs: Vec<u32> = (0..=most).map(first).collect();
        for second in 1..needed.len() {
            let cheapest_to = |size: u32| {
                let step = |before: u32| {
                    // A server that serves from now on was paid for since it was asked for.
                    let early = u32::try_from(lead.min(second)).unwrap();
                    let stopped = stop(before.saturating_sub(size), tail, second, needed.len());
                    costs[before as usize] + stopped + size.saturating_sub(before) * early + size
                };
                if size < needed[second] { TOO_FEW } else { (0..=most).map(step).min().unwrap() }
            };
            costs = (0..=most).map(cheapest_to).collect();
        }
        costs.into_iter().min().unwrap()
    }

    proptest! {
        #[test]
        fn no_plan_is_cheaper(needed in prop::collection::vec(1_u32..5, 2..12), lead in 0_usize..4, tail in 0_usize..4) {
            let plan = plan(&needed, lead as u64, tail as u64);
            prop_assert!(plan.iter().zip(&needed).all(|(planned, needed)| planned >= needed));
            prop_assert_eq!(cost(&plan, tail), cheapest(&needed, lead, tail));
        }
    }
}
