//! Which servers shed connections, so that those with fewer get them.
//!
//! New servers begin with none, and sessions last: without this, those that were there before stay full. Nobody can say
//! where a session goes that is sent away; any server that takes sessions is as likely, also the one that it comes from.
//! So it is done in rounds. Each looks at what came of the one before, and moves less.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Moment, Observation, Phase, Pod};

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
    let all: u64 = counted.iter().map(|(_, connections)| u64::from(*connections)).sum();
    let servers = counted.len() as u64;
    let narrow = |average: u64| u32::try_from(average).unwrap_or(u32::MAX);
    let (below, above) = (narrow(all / servers), narrow(all.div_ceil(servers)));
    let even = u64::from(fullest) * servers * 10 <= all * 11;
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

/// A server that sheds and is counted on, and its connections.
fn counts(pod: &Pod) -> Option<(&str, u32)> {
    let connections = pod.connections.filter(|_| pod.ready && pod.phase == Phase::Serving)?;
    Some((&pod.name, connections))
}

/// When the last round began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rounds(Option<Moment>);

impl Rounds {
    /// The moves of the round that begins now, if one does. Who remembers nothing takes it that a round has just begun: that
    /// of the operator before.
    pub(crate) fn look(
        self,
        rebalance: Rebalance,
        seen: &Observation,
        target: NonZeroU32,
        now: Moment,
    ) -> (Vec<Move>, Self) {
        let Self(Some(last)) = self else { return (Vec::new(), Self(Some(now))) };
        if now.since(last) < ROUND + SETTLED {
            return (Vec::new(), self);
        }
        let moves = moves(&seen.pods, target, rebalance.in_a_round());
        let begun = if moves.is_empty() { last } else { now };
        (moves, Self(Some(begun)))
    }
}
