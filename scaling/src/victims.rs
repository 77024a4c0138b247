//! Which servers leave, and which come back.

use std::cmp::Reverse;

use crate::intake::at_a_time;
use crate::{Moment, Observation, Phase, Pod, Policy};

/// The servers that leave when `count` have to, of them as many as can be emptied now: those whose going costs the fewest reconnects, then those that are
/// not ready, then those of an older template, then the youngest. A server that did not answer counts as full,
/// so it goes last.
///
/// ```
/// # use hubbub_scaling::{decide, Memory, Moment, Observation, Phase, Pod, Policy};
/// let pod = |name: &str, connections| Pod {
///     name: name.to_owned(),
///     phase: Phase::Serving,
///     ready: true,
///     connections,
///     readings: None,
///     current_template: true,
///     created: Moment::from_secs(0),
/// };
/// let pods = vec![
///     pod("silent-1", None),
///     pod("busy", Some(80)),
///     pod("old", Some(7)),
///     Pod { created: Moment::from_secs(50), ..pod("young", Some(7)) },
///     Pod { ready: false, ..pod("unready", Some(7)) },
///     pod("idle", Some(2)),
///     pod("busier", Some(90)),
/// ];
/// let seen = Observation { asked: Some(7), pods, rollout: false, engine_healthy: true };
/// let pinned = Policy { pinned: Some(2), ..Policy::default() };
/// let (decision, _) = decide(&pinned, &seen, Memory::default(), Moment::from_secs(100));
/// assert_eq!(decision.victims, ["idle", "unready", "young", "old", "busy"]);
/// ```
pub(crate) fn choose(seen: &Observation, policy: &Policy, count: u32) -> Vec<String> {
    let mut pods: Vec<&Pod> = seen.serving().collect();
    pods.sort_by_key(|pod| {
        (
            pod.connections.unwrap_or(u32::MAX),
            pod.ready,
            pod.current_template,
            Reverse(pod.created),
            pod.name.as_str(),
        )
    });
    pods.truncate(count as usize);
    let now = at_a_time(policy.intake, policy.drain, &pods, seen.serving());
    pods.truncate(now);
    names(&pods)
}

/// The servers that are taken back when `count` of those that are being emptied are needed after all: those
/// with the most connections, since each of those is a reconnect less.
pub(crate) fn take_back<'a>(draining: impl Iterator<Item = &'a Pod>, count: u32) -> Vec<String> {
    let mut pods: Vec<&Pod> = draining.collect();
    pods.sort_by_key(|pod| (Reverse(pod.connections), pod.name.as_str()));
    pods.truncate(count as usize);
    names(&pods)
}

/// Whether a server that is being emptied may be deleted. Empty is not enough: it has to have said that it takes
/// no sessions either, or else one might just be coming, and Kubernetes deletes those that are not ready first.
pub(crate) fn may_go(pod: &Pod, policy: &Policy, now: Moment) -> bool {
    let Phase::Draining { since } = pod.phase else { return false };
    let empty = pod.connections == Some(0) && !pod.ready;
    empty || now.since(since) >= policy.drain_deadline
}

fn names(pods: &[&Pod]) -> Vec<String> {
    pods.iter().map(|pod| pod.name.clone()).collect()
}
