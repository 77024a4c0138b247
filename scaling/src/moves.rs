//! Which servers shed connections, so that those with fewer get them.
//!
//! New servers begin with none, and sessions last: without this, those that were there before stay full. Nobody can say
//! where a session goes that is sent away; any server that takes sessions is as likely. So those that have more than the
//! average take none meanwhile ([`to_hold`]), and it is done in rounds. Each looks at what came of the one before.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Intake, Moment, Observation, Phase, Pod, Policy};

/// Whether and how fast connections are moved from servers that have more than the average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebalance {
    /// The sessions that are told to reconnect in a second at most, those of all servers together.
    pub per_second: NonZeroU32,
}

impl Rebalance {
    /// The sessions that may go in a round.
    fn in_a_round(self) -> u32 {
        self.per_second.get().saturating_mul(ROUND_SECONDS)
    }
}

impl Default for Rebalance {
    /// What the ChatServer resource has where nothing is said: half of a server with 500 has moved after 5 seconds, and
    /// the rest of the servers hardly notice.
    fn default() -> Self {
        Self { per_second: NonZeroU32::MIN.saturating_add(49) }
    }
}

/// Connections that a server is to shed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// The server.
    pub from: String,
    /// How many, evenly over [`ROUND_SECONDS`].
    pub connections: u32,
}

/// The connections of a round go evenly over this time: long enough that a client has another connection before the
/// server closes the old one at its end.
pub const ROUND_SECONDS: u32 = 10;
/// The same.
const ROUND: Duration = Duration::from_secs(ROUND_SECONDS as u64);
/// What came of a round is seen so long after its end: the last have come to their new server, and the figures of all
/// servers are younger than that.
const SETTLED: Duration = Duration::from_secs(2);

/// An excess that is less than this part of the target troubles nobody: with few connections chance alone puts some
/// servers above the average, and they would be moved for ever.
const WORTH_IT: u32 = 50;

/// What servers shed, when so many connections in all may move: the fullest first, and none of them below the average.
///
/// Nothing, as long as no server has more than 1.1 of the average, and more than a fiftieth of the target above it. Only
/// servers count that stay, take sessions and answer: a server that is being emptied, is not ready, or does not answer
/// neither sheds nor is counted on. Never more moves than those below the average have room for.
///
/// ```
/// use hubbub_scaling::{Moment, Move, Phase, Pod, moves};
/// use std::num::NonZeroU32;
/// let pod = |name: &str, connections| Pod {
///     name: name.to_owned(),
///     phase: Phase::Serving,
///     ready: true,
///     connections: Some(connections),
///     readings: None,
///     current_template: true,
///     created: Moment::from_secs(0),
/// };
/// let shed = |from: &str, connections| Move { from: from.to_owned(), connections };
/// let target = NonZeroU32::new(500).unwrap();
///
/// // c is new. On average there are 400.
/// let grown = [pod("a", 640), pod("b", 560), pod("c", 0)];
/// assert_eq!(moves(&grown, target, 1_000), [shed("a", 240), shed("b", 160)]);
/// // With at most 100 the fullest comes down to the second, and then both: 550 and 550.
/// assert_eq!(moves(&grown, target, 100), [shed("a", 90), shed("b", 10)]);
/// // 440 is 1.1 of the average.
/// assert_eq!(moves(&[pod("a", 440), pod("b", 360), pod("c", 400)], target, 1_000), []);
/// // Nobody takes those of a: b does not answer.
/// let silent = Pod { connections: None, ..pod("b", 0) };
/// assert_eq!(moves(&[pod("a", 640), silent], target, 1_000), []);
/// ```
pub fn moves(pods: &[Pod], target: NonZeroU32, most: u32) -> Vec<Move> {
    let mut counted: Vec<(&str, u32)> = pods.iter().filter_map(counts).collect();
    // By name as well, so that the order in which pods are listed makes no difference.
    counted.sort_by_key(|(name, connections)| (std::cmp::Reverse(*connections), *name));
    let Some(&(_, fullest)) = counted.first() else { return Vec::new() };
    let average = Average::of(&counted);
    let narrow = |average: u64| u32::try_from(average).unwrap_or(u32::MAX);
    let (below, above) =
        (narrow(average.all / average.servers), narrow(average.all.div_ceil(average.servers)));
    let even = !average.is_below(fullest, 11, 10);
    if even || fullest - above < (target.get() / WORTH_IT).max(1) {
        return Vec::new();
    }
    let over = |level: u32| -> u64 {
        counted.iter().map(|(_, connections)| u64::from(connections.saturating_sub(level))).sum()
    };
    let room: u64 =
        counted.iter().map(|(_, connections)| u64::from(below.saturating_sub(*connections))).sum();
    let most = u64::from(most).min(room).min(over(above));
    // The lowest level to which the fullest can be brought with so many moves.
    let (mut level, mut too_low) = (fullest, above);
    while level > too_low {
        let middle = too_low + (level - too_low) / 2;
        if over(middle) <= most { level = middle } else { too_low = middle + 1 }
    }
    // What is left is not enough to bring all of them one lower; some of them it is.
    let mut left = most - over(level);
    let mut shed = Vec::new();
    for (name, connections) in counted.into_iter().take_while(|(_, connections)| *connections >= level) {
        let one_more = u32::from(left > 0);
        left = left.saturating_sub(1);
        let connections = connections - level + one_more;
        if connections > 0 {
            shed.push(Move { from: name.to_owned(), connections });
        }
    }
    shed
}

/// The servers that get no sessions while connections move: those above the average. So whoever is sent away comes to one
/// below it, and not to one that sheds as well.
///
/// None, when those below can't let in as many as come in a second (`arriving`, those that are moved included), or have
/// no places for as many as come in a round.
///
/// ```
/// # use hubbub_scaling::{Intake, Moment, Phase, Pod, to_hold};
/// # let pod = |name: &str, connections| Pod {
/// #     name: name.to_owned(), phase: Phase::Serving, ready: true, connections: Some(connections),
/// #     readings: None, current_template: true, created: Moment::from_secs(0),
/// # };
/// // On average there are 400.
/// let pods = [pod("a", 640), pod("b", 560), pod("c", 0)];
/// let intake = |places, per_second| Intake { places, per_second };
/// assert_eq!(to_hold(&pods, intake(10_000, 500), 50), ["a", "b"]);
/// // c lets in 500 a second.
/// assert!(to_hold(&pods, intake(10_000, 500), 501).is_empty());
/// // 50 a second are 500 in 10 s.
/// assert!(to_hold(&pods, intake(499, 500), 50).is_empty());
/// // Nobody is above the average.
/// assert!(to_hold(&pods[..1], intake(10_000, 500), 50).is_empty());
/// ```
pub fn to_hold(pods: &[Pod], intake: Intake, arriving: u64) -> Vec<String> {
    let counted: Vec<(&str, u32)> = pods.iter().filter_map(counts).collect();
    let average = Average::of(&counted);
    let (above, below): (Vec<_>, Vec<_>) =
        counted.into_iter().partition(|(_, connections)| average.is_below(*connections, 1, 1));
    let lets_in = below.len() as u64 * u64::from(intake.per_second);
    let places: u64 =
        below.iter().map(|(_, connections)| u64::from(intake.places.saturating_sub(*connections))).sum();
    if lets_in < arriving || places < arriving.saturating_mul(ROUND_SECONDS.into()) {
        return Vec::new();
    }
    above.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The mean of the connections of servers.
#[derive(Debug, Clone, Copy)]
struct Average {
    all: u64,
    servers: u64,
}

impl Average {
    fn of(counted: &[(&str, u32)]) -> Self {
        let all = counted.iter().map(|(_, connections)| u64::from(*connections)).sum();
        Self { all, servers: counted.len() as u64 }
    }

    /// Whether `numerator / denominator` of it is less than these connections.
    fn is_below(self, connections: u32, numerator: u64, denominator: u64) -> bool {
        u64::from(connections) * self.servers * denominator > self.all * numerator
    }
}

/// A server that sheds and is counted on, and its connections.
fn counts(pod: &Pod) -> Option<(&str, u32)> {
    let connections = pod.connections.filter(|_| pod.ready && pod.phase == Phase::Serving)?;
    Some((&pod.name, connections))
}

/// The last round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rounds {
    /// When it began.
    begun: Option<Moment>,
    /// Who gets no sessions since then.
    held: Vec<String>,
}

/// What a look at the round asks for.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The moves of a round that begins.
    pub(crate) moves: Vec<Move>,
    /// The servers that get no sessions for now.
    pub(crate) hold: Vec<String>,
}

impl Rounds {
    /// The moves of the round that begins now, if one does, and who gets no sessions until its end. Who remembers nothing
    /// takes it that a round has just begun, that of the operator before, and holds nobody.
    ///
    /// Of those who are held one that comes down to the average gets sessions again, and all do when too many come. Another
    /// one is held when it has 1.1 of the average: it got its share and goes on to get that of others. The difference keeps
    /// servers at the average from being held and not held in turn.
    ///
    /// While servers put off some of those who come (`crowded`), no round begins and nobody is held: whoever was sent away
    /// would wait with them, and fewer servers would let them in.
    pub(crate) fn look(
        self,
        rebalance: Rebalance,
        seen: &Observation,
        policy: &Policy,
        crowded: bool,
        now: Moment,
    ) -> (Round, Self) {
        let Some(begun) = self.begun else {
            return (Round::default(), Self { begun: Some(now), held: Vec::new() });
        };
        let accepts = seen.pods.iter().filter_map(|pod| Some(pod.readings?.accepts_per_second));
        // A server may lie.
        let arriving = accepts.fold(rebalance.per_second.get().into(), u64::saturating_add);
        let above = || to_hold(&seen.pods, policy.intake, arriving);
        if now.since(begun) < ROUND + SETTLED {
            let mut hold = if self.held.is_empty() || crowded { Vec::new() } else { above() };
            let far_above = far_above(&seen.pods);
            hold.retain(|name| self.held.contains(name) || far_above.contains(&name.as_str()));
            return (
                Round { moves: Vec::new(), hold: hold.clone() },
                Self { begun: Some(begun), held: hold },
            );
        }
        let moves = moves(&seen.pods, policy.target, rebalance.in_a_round());
        if moves.is_empty() || crowded {
            return (Round::default(), Self { begun: Some(begun), held: Vec::new() });
        }
        let hold = above();
        (Round { moves, hold: hold.clone() }, Self { begun: Some(now), held: hold })
    }
}

/// Those that have more than 1.1 of the average.
fn far_above(pods: &[Pod]) -> Vec<&str> {
    let counted: Vec<(&str, u32)> = pods.iter().filter_map(counts).collect();
    let average = Average::of(&counted);
    let far = counted.into_iter().filter(|(_, connections)| average.is_below(*connections, 11, 10));
    far.map(|(name, _)| name).collect()
}
