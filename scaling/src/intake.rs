//! What the servers that stay can take of those that go.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Pod;

/// What a server can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intake {
    /// The connections that it has at most.
    pub places: u32,
    /// The sessions that it lets in within a second.
    pub per_second: u32,
}

impl Default for Intake {
    /// What a chat-server has where nothing is said: 10,000 places, and half of what a core can let in.
    fn default() -> Self {
        Self { places: 10_000, per_second: 500 }
    }
}

/// How many of the victims, in their order, are emptied now, each over this time: as many as have no more connections
/// than the others have free places, and than the others can let in within that time beside those who come anyway. The
/// first in any case, since whoever makes the size so small wants it gone by its deadline; and all of them when nobody
/// stays, since then there is nobody to spare.
///
/// Others are those that stay, are ready and answer. A victim that does not answer counts as full.
///
/// ```
/// # use hubbub_scaling::{decide, Intake, Memory, Moment, Observation, Phase, Pod, Policy, Readings};
/// # use std::time::Duration;
/// # let pod = |name: &str, connections, accepts_per_second| Pod {
/// #     name: name.to_owned(), phase: Phase::Serving, ready: true, connections: Some(connections),
/// #     readings: Some(Readings { accepts_per_second, ..Readings::default() }),
/// #     current_template: true, created: Moment::from_secs(0),
/// # };
/// # let victims = |policy: &Policy, accepts| {
/// #     let pods = vec![pod("a", 600, accepts), pod("b", 300, 0), pod("c", 310, 0), pod("d", 320, 0)];
/// #     let seen = Observation { asked: Some(4), pods, rollout: false, engine_healthy: true };
/// #     decide(policy, &seen, Memory::default(), Moment::from_secs(60)).0.victims
/// # };
/// // a stays. It has 600 connections, the others 300, 310 and 320; each is emptied over 30 s.
/// let drain = Duration::from_secs(30);
/// let pinned = |places, per_second| {
///     let intake = Intake { places, per_second };
///     Policy { pinned: Some(1), intake, drain, ..Policy::default() }
/// };
/// assert_eq!(victims(&pinned(10_000, 500), 0), ["b", "c", "d"]);
/// // 650 places are free: enough for 300 and 310, not for all 930.
/// assert_eq!(victims(&pinned(1_250, 500), 0), ["b", "c"]);
/// // a lets in 10 a second that come by themselves, and can let in 50: 40 for 30 s are 1,200. Of 15, 5 are left: 150.
/// assert_eq!(victims(&pinned(10_000, 50), 10), ["b", "c", "d"]);
/// assert_eq!(victims(&pinned(10_000, 15), 10), ["b"]);
/// ```
pub(crate) fn at_a_time<'a>(
    intake: Intake,
    drain: Duration,
    victims: &[&Pod],
    serving: impl Iterator<Item = &'a Pod>,
) -> usize {
    let is_victim = |pod: &Pod| victims.iter().any(|victim| victim.name == pod.name);
    let mut others = serving.filter(|pod| !is_victim(pod)).peekable();
    if others.peek().is_none() {
        return victims.len();
    }
    let (mut places, mut a_second) = (0_u64, 0_u64);
    for pod in others.filter(|pod| pod.ready) {
        let Some(connections) = pod.connections else { continue };
        let accepts = pod.readings.map_or(0, |readings| readings.accepts_per_second);
        places += u64::from(intake.places.saturating_sub(connections));
        a_second = a_second.saturating_add(u64::from(intake.per_second).saturating_sub(accepts));
    }
    let room = places.min(a_second.saturating_mul(drain.as_secs()));
    let has = |victim: &&Pod| u64::from(victim.connections.unwrap_or(intake.places));
    let sums = victims.iter().scan(0_u64, |sum, victim| {
        *sum += has(victim);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= room).count().max(1).min(victims.len())
}
