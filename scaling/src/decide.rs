//! The decision itself.

use std::iter::once;

use serde::{Deserialize, Serialize};

use crate::ask::{Ask, Places};
use crate::words::counted;
use crate::{
    Behavior, Bounds, Memory, Moment, Move, Observation, Policy, Restraint, Rush, RushMemory, Select, Signal,
    Trend, victims,
};

/// What is to be done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// How many servers there should be in the end.
    pub replicas: u32,
    /// How many servers to ask for now: `replicas`, and those that are still being emptied.
    pub ask: u32,
    /// The servers to begin to empty now.
    pub victims: Vec<String>,
    /// The servers that are being emptied and are needed after all.
    pub resume: Vec<String>,
    /// The connections to move now to servers that have fewer.
    pub moves: Vec<Move>,
    /// The servers that get no more sessions for now, and keep those that they have: see [`to_hold`](crate::to_hold).
    pub hold: Vec<String>,
    /// Why, in words: `1,234 connections need 3 servers at 500 each`.
    pub reason: String,
    /// What kept the size from being what is needed.
    pub limited_by: Option<Limit>,
    /// Who decided.
    pub owner: Owner,
    /// Whether anything of this is to be done: not in a dry run.
    pub act: bool,
}

/// What kept the size from being what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Limit {
    /// The fewest servers that the policy allows.
    Min,
    /// The most servers that the policy allows.
    Max,
    /// Something else was needed within the stabilisation window.
    Window,
    /// The size would change faster than the policy allows.
    Pace,
    /// There is a rush of connections, or was a moment ago.
    Rush,
    /// The engine is not healthy.
    Engine,
    /// Servers are being replaced.
    Rollout,
    /// More than a fifth of the servers did not answer.
    Unseen,
    /// The policy is paused.
    Paused,
}

/// Who decides on the number of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// The connections, and what else the policy looks at.
    Operator,
    /// Whoever pinned the number.
    User,
}

/// How many servers there should be, and how to get there.
///
/// As fast as [`Policy::behavior`] allows: when nothing is said up at once, and down only to the highest number needed
/// within 5 minutes. Down in two phases: the victims are emptied, and only when all of them may go `ask` falls. No
/// further victims are chosen meanwhile, and no more at a time than the others can take: see
/// [`Intake`](crate::Intake). Nothing begins or ends to shrink while the engine is unhealthy, a rollout runs, or more
/// than a fifth of the servers did not
/// answer. That holds for a pinned size too: sessions of a server that goes then have nowhere to go, and a new server
/// that is emptied is never ready, so that the rollout would wait for it for ever.
///
/// What forbids to shrink forbids to move connections as well, and so do servers that are being emptied: see
/// [`moves`](crate::moves()).
///
/// ```
/// # use hubbub_scaling::{decide, Memory, Moment, Observation, Phase, Pod, Policy};
/// # let pod = |name: &str, phase, ready, connections| Pod {
/// #     name: name.to_owned(), phase, ready, connections: Some(connections),
/// #     readings: None, current_template: true, created: Moment::from_secs(0),
/// # };
/// # let seen = |asked, pods| Observation { asked: Some(asked), pods, rollout: false, engine_healthy: true };
/// let pinned = Policy { pinned: Some(1), ..Policy::default() };
/// let at = Moment::from_secs;
///
/// // First phase: b costs the fewest reconnects. Two servers are still asked for.
/// let two = seen(2, vec![pod("a", Phase::Serving, true, 40), pod("b", Phase::Serving, true, 7)]);
/// let (first, memory) = decide(&pinned, &two, Memory::default(), at(100));
/// assert_eq!((first.replicas, first.ask, first.victims.as_slice()), (1, 2, &["b".to_owned()][..]));
///
/// // Second phase: b is empty and says that it takes no sessions.
/// let b = pod("b", Phase::Draining { since: at(100) }, false, 0);
/// let emptied = seen(2, vec![pod("a", Phase::Serving, true, 47), b]);
/// let (second, _) = decide(&pinned, &emptied, memory, at(110));
/// assert_eq!((second.replicas, second.ask), (1, 1));
/// ```
pub fn decide(policy: &Policy, seen: &Observation, memory: Memory, now: Moment) -> (Decision, Memory) {
    let (put_off, refusals) = memory.put_off.look(seen, |readings| readings.put_off, now);
    let (wish, memory) = wish(policy, seen, Memory { put_off: refusals, ..memory }, now);
    let staying = seen.staying();
    let mut decision = Decision {
        replicas: wish.replicas,
        ask: seen.asked.unwrap_or(wish.replicas),
        victims: Vec::new(),
        resume: Vec::new(),
        moves: Vec::new(),
        hold: Vec::new(),
        reason: wish.reason,
        limited_by: wish.limited_by,
        owner: if policy.pinned.is_some() { Owner::User } else { Owner::Operator },
        act: !policy.dry_run,
    };
    if wish.replicas > staying {
        let back = seen.emptying().min(wish.replicas - staying);
        decision.resume = victims::take_back(seen.going(), back);
        decision.ask = wish.replicas + (seen.emptying() - back);
    } else if wish.may_shrink && seen.emptying() > 0 {
        if seen.going().all(|pod| victims::may_go(pod, policy, now)) {
            decision.ask = staying;
        }
    } else if wish.may_shrink && staying > wish.replicas {
        // Those that are asked for and not there go first: nobody has to be emptied for them.
        let there = seen.serving().count().try_into().unwrap_or(u32::MAX);
        if there <= wish.replicas {
            decision.ask = wish.replicas;
        } else {
            decision.victims = victims::choose(seen, policy, staying.min(there) - wish.replicas);
        }
    }
    decision.resume.extend(seen.blocking().map(|pod| pod.name.clone()));
    let calm = wish.may_shrink && decision.victims.is_empty() && !seen.empties();
    let Some(rebalance) = policy.rebalance.filter(|_| calm) else { return (decision, memory) };
    let (round, rounds) = memory.rounds.look(rebalance, seen, policy, put_off > 0, now);
    (decision.moves, decision.hold) = (round.moves, round.hold);
    (decision, Memory { rounds, ..memory })
}

/// A size, before it is known how to get there.
struct Wish {
    replicas: u32,
    may_shrink: bool,
    limited_by: Option<Limit>,
    reason: String,
}

fn wish(policy: &Policy, seen: &Observation, memory: Memory, now: Moment) -> (Wish, Memory) {
    // What somebody fixed counts as needed, so that the window begins when the size is handed back.
    let fixed = match seen.asked {
        Some(asked) if policy.paused => Some(Wish {
            replicas: asked,
            may_shrink: false,
            limited_by: Some(Limit::Paused),
            reason: format!("paused at {}", counted(asked.into(), "server")),
        }),
        _ => policy.pinned.map(|pinned| pinned_to(pinned, policy, seen)),
    };
    if let Some(wish) = fixed {
        let recent = memory.recent.note(&policy.behavior, wish.replicas, wish.replicas, now);
        return (wish, Memory { recent, ..memory });
    }
    automatic(policy, seen, memory, now)
}

fn pinned_to(pinned: u32, policy: &Policy, seen: &Observation) -> Wish {
    // A server that is asked for and never comes, for want of a quota, must not keep somebody from asking for fewer.
    let unseen = seen.silent();
    let held = hold(seen, unseen);
    let limited_by = held.filter(|_| seen.asked.is_some_and(|asked| asked > pinned));
    let what = format!("pinned to {}", counted(pinned.into(), "server"));
    let reason = match limited_by {
        Some(limit) => {
            format!("{what}; {}", because(limit, policy.bounds, unseen, &policy.behavior, Way::Down))
        }
        None => what,
    };
    Wish { replicas: pinned, may_shrink: held.is_none(), limited_by, reason }
}

fn automatic(policy: &Policy, seen: &Observation, memory: Memory, now: Moment) -> (Wish, Memory) {
    let connections = seen.load(Signal::Connections, policy.target);
    let staying = seen.staying();
    let trend = follow(memory.trend, seen, connections.low, now);
    let (refused, refusals) = memory.refusals.look(seen, |readings| readings.refused, now);
    let ask = Ask::strongest(policy, seen, Places::reckon(policy, connections, refused, trend));
    let needed = ask.servers(seen);
    let bounds = policy.bounds_at(now);
    let within = bounds.clamp(needed);
    let (rush, rushes) = look_for_rush(policy, seen, memory.rush, now);
    let ((allowed, restraint), recent) = policy.behavior.restrain(memory.recent, staying, within, now);
    let allowed = if rush == Rush::On { allowed.max(within) } else { allowed };
    let unseen = unseen(policy, seen);
    let held = hold(seen, unseen).or((rush != Rush::Calm).then_some(Limit::Rush));

    let steady = if held.is_some() { allowed.max(staying) } else { allowed };
    let replicas = bounds.clamp(steady);
    let limited_by = if needed == replicas {
        None
    } else if needed < staying && held.is_some() {
        held
    } else if replicas == within {
        Some(if needed > replicas { Limit::Max } else { Limit::Min })
    } else {
        restraint.map(|restraint| match restraint {
            Restraint::Window => Limit::Window,
            Restraint::Pace => Limit::Pace,
        })
    };
    let way = if ask.grows() { Way::Up } else { Way::Down };
    let what = ask.in_words(policy, seen);
    let reason = match limited_by {
        None => what,
        Some(limit) => format!("{what}; {}", because(limit, bounds, unseen, &policy.behavior, way)),
    };
    (
        Wish { replicas, may_shrink: held.is_none(), limited_by, reason },
        Memory { recent, trend, rush: rushes, refusals, ..memory },
    )
}

/// Where connections go after this look. One at which somebody did not answer says nothing of it.
fn follow(trend: Option<Trend>, seen: &Observation, connections: u64, now: Moment) -> Option<Trend> {
    if seen.silent().0 > 0 {
        return trend;
    }
    Some(trend.map_or_else(|| Trend::begin(connections, now), |trend| trend.note(connections, now)))
}

/// Whether servers have far more than their target. Those that did not answer are left out with what they may have.
fn look_for_rush(policy: &Policy, seen: &Observation, memory: RushMemory, now: Moment) -> (Rush, RushMemory) {
    let Some(rule) = policy.rush else { return (Rush::Calm, memory) };
    let taking = seen.serving().filter(|pod| pod.ready).filter_map(|pod| pod.connections);
    let (connections, capacity) = taking.fold((0, 0), |(connections, capacity), more| {
        (connections + u64::from(more), capacity + u64::from(policy.target.get()))
    });
    rule.look(memory, connections, capacity, now)
}

/// Of the servers that stay: how many do not tell something that the policy looks at, and how many there should be.
fn unseen(policy: &Policy, seen: &Observation) -> (u32, u32) {
    let others = policy.signals.targets().map(|(signal, _)| signal);
    let untold = once(Signal::Connections).chain(others).map(|signal| seen.unseen_of(signal));
    (untold.fold(0, u32::max), seen.expected())
}

/// What forbids to shrink, when so many of so many servers are not seen.
fn hold(seen: &Observation, (unseen, all): (u32, u32)) -> Option<Limit> {
    if !seen.engine_healthy {
        Some(Limit::Engine)
    } else if seen.rollout {
        Some(Limit::Rollout)
    } else if unseen * 5 > all {
        Some(Limit::Unseen)
    } else {
        None
    }
}

/// Where a size goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// What a limit is, when so many of so many servers are not seen, on the way to more servers or to fewer.
fn because(limit: Limit, bounds: Bounds, (unseen, all): (u32, u32), behavior: &Behavior, way: Way) -> String {
    let (rules, other) = match way {
        Way::Up => (&behavior.up, "fewer"),
        Way::Down => (&behavior.down, "more"),
    };
    match limit {
        Limit::Min => format!("the minimum is {}", bounds.min()),
        Limit::Max => format!("the maximum is {}", bounds.max()),
        Limit::Window => format!("{other} were needed in the last {} s", rules.stabilization.as_secs()),
        Limit::Pace if rules.select == Select::Disabled => "spec.scaling.behavior forbids it".to_owned(),
        Limit::Pace => "spec.scaling.behavior allows no more at a time".to_owned(),
        Limit::Rush => "nothing shrinks within a minute of a rush".to_owned(),
        Limit::Engine => "nothing shrinks while the engine is away".to_owned(),
        Limit::Rollout => "nothing shrinks while servers are replaced".to_owned(),
        Limit::Unseen => format!("nothing shrinks while {unseen} of {all} servers do not answer"),
        Limit::Paused => "paused".to_owned(),
    }
}
