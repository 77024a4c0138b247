//! Stage 8, no client: what the user reads.

use hubbub_scaling::{Decision, Limit, Owner, Phase};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::decide::engine;
use super::observe::Server;
use crate::crd::{self, ChatServer, ChatServerStatus};
use crate::names;

/// Why nothing can be done for a ChatServer until somebody changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A word for programs: `InvalidSpec`, `NameTaken`, `Refused`.
    pub reason: &'static str,
    /// What it is, and what to change.
    pub words: String,
}

/// What a tick came to.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// What the servers said.
    pub servers: &'a [Server],
    /// How many servers the Deployment asks for.
    pub asked: u32,
    /// What was decided, unless there was a problem before.
    pub decision: Option<&'a Decision>,
    /// What is in the way.
    pub problem: Option<&'a Problem>,
    /// Servers of an older template are being replaced.
    pub rollout: bool,
}

/// The status after a tick; decisions are as they were, for [`history::append`](super::history::append). Times of
/// conditions that did not change stay as they are in the object.
pub fn status(object: &ChatServer, outcome: Outcome<'_>, now: Timestamp) -> ChatServerStatus {
    let Outcome { servers, asked, decision, problem: _, rollout: _ } = outcome;
    let phase = |wanted: fn(&Phase) -> bool| servers.iter().filter(move |server| wanted(&server.phase));
    let serving = || phase(|phase| *phase == Phase::Serving).filter(|server| server.ready);
    let draining = phase(|phase| matches!(phase, Phase::Draining { .. }));
    let ready = number(serving().count());
    let on_ready = sum(serving().filter_map(|server| server.answer.connections()));
    ChatServerStatus {
        observed_generation: object.metadata.generation,
        replicas: number(phase(|phase| *phase != Phase::Leaving).count()),
        ready_replicas: ready,
        desired_replicas: number(decision.map_or(asked, |decision| decision.replicas) as usize),
        connections: sum(servers.iter().filter_map(|server| server.answer.connections())),
        per_pod: on_ready.filter(|_| ready > 0).map(|sum| sum / i64::from(ready)),
        owner: if object.spec.replicas.is_some() { crd::Owner::User } else { crd::Owner::Operator },
        reason: reason(outcome, draining.clone().count()),
        selector: names::selector_text(object.metadata.name.as_deref().unwrap_or_default()),
        draining: draining.map(|server| server.name.clone()).collect(),
        decisions: object.status.as_ref().map(|status| status.decisions.clone()).unwrap_or_default(),
        conditions: conditions(object, outcome, ready, now),
    }
}

fn reason(outcome: Outcome<'_>, draining: usize) -> String {
    match (outcome.problem, outcome.decision) {
        (Some(problem), _) => problem.words.clone(),
        (None, Some(decision)) if !decision.act => format!("{} (dry run)", decision.reason),
        (None, Some(decision)) if draining > 0 => format!("{}; emptying {draining}", decision.reason),
        (None, Some(decision)) => decision.reason.clone(),
        (None, None) => String::new(),
    }
}

pub(super) fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The sum, unless there is nothing to add.
pub(super) fn sum(connections: impl Iterator<Item = u32>) -> Option<i64> {
    connections.map(i64::from).reduce(|sum, more| sum + more)
}

pub(super) fn owner(owner: Owner) -> crd::Owner {
    match owner {
        Owner::Operator => crd::Owner::Operator,
        Owner::User => crd::Owner::User,
    }
}

/// A condition's status, reason and message.
type Said = (&'static str, &'static str, String);

fn conditions(object: &ChatServer, outcome: Outcome<'_>, ready: i32, now: Timestamp) -> Vec<Condition> {
    let desired = outcome.decision.map_or(outcome.asked, |decision| decision.replicas);
    let said = [
        ("Available", available(ready, desired)),
        ("Progressing", progressing(outcome, ready, desired)),
        ("RedisHealthy", redis_healthy(outcome.servers)),
        ("ScalingActive", scaling_active(outcome)),
        ("ScalingLimited", scaling_limited(outcome.decision)),
    ];
    let before = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    said.into_iter()
        .map(|(type_, (status, reason, message))| {
            let same = before.iter().find(|old| old.type_ == type_ && old.status == status);
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: reason.to_owned(),
                message,
                last_transition_time: same.map_or(Time(now), |old| old.last_transition_time.clone()),
                observed_generation: object.metadata.generation,
            }
        })
        .collect()
}

fn available(ready: i32, desired: u32) -> Said {
    let message = format!("{ready} of {desired} servers take sessions");
    if ready > 0 {
        ("True", "ServersReady", message)
    } else if desired == 0 {
        ("False", "NoServersWanted", "the size is pinned to 0".to_owned())
    } else {
        ("False", "NoServerReady", message)
    }
}

fn progressing(outcome: Outcome<'_>, ready: i32, desired: u32) -> Said {
    let draining = outcome.servers.iter().any(|server| matches!(server.phase, Phase::Draining { .. }));
    if let Some(problem) = outcome.problem {
        return ("False", problem.reason, problem.words.clone());
    }
    let (status, reason, message) = if outcome.rollout {
        ("True", "RollingOut", "servers of an older template are being replaced")
    } else if draining {
        ("True", "Draining", "servers are being emptied before they go")
    } else if i64::from(ready) < i64::from(desired) {
        ("True", "Starting", "servers are starting")
    } else {
        ("False", "Settled", "all servers are there")
    };
    (status, reason, format!("{message}{}", waiting(outcome.servers)))
}

/// Which servers can't start, and why.
fn waiting(servers: &[Server]) -> String {
    let mut waiting =
        servers.iter().filter(|server| server.phase != Phase::Leaving && server.trouble.is_some());
    let Some((server, trouble)) =
        waiting.next().and_then(|first| first.trouble.as_ref().map(|why| (first, why)))
    else {
        return String::new();
    };
    match waiting.count() {
        0 => format!("; server {} waits: {trouble}", server.name),
        more => format!("; server {} (and {more} more) waits: {trouble}", server.name),
    }
}

fn redis_healthy(servers: &[Server]) -> Said {
    match engine(servers) {
        Some(true) => ("True", "Answering", "Redis answers every server".to_owned()),
        Some(false) => ("False", "NotAnswering", "a server says that Redis does not answer".to_owned()),
        None => ("Unknown", "NobodySays", "no server answered yet".to_owned()),
    }
}

fn scaling_active(outcome: Outcome<'_>) -> Said {
    match (outcome.problem, outcome.decision) {
        (Some(problem), _) => ("False", problem.reason, problem.words.clone()),
        (None, None) => ("Unknown", "NotDecided", "nothing was decided yet".to_owned()),
        (None, Some(decision)) if decision.limited_by == Some(Limit::Paused) => {
            ("False", "Paused", "spec.scaling.paused is set".to_owned())
        }
        (None, Some(decision)) if !decision.act => {
            ("False", "DryRun", "spec.scaling.dryRun is set".to_owned())
        }
        (None, Some(decision)) if decision.owner == Owner::User => {
            ("False", "Pinned", "spec.replicas is set; remove it to hand the size back".to_owned())
        }
        (None, Some(decision)) if decision.limited_by == Some(Limit::Unseen) => {
            ("False", "ServersSilent", "too few servers answer to shrink".to_owned())
        }
        (None, Some(_)) => ("True", "FollowsConnections", "the size follows the connections".to_owned()),
    }
}

fn scaling_limited(decision: Option<&Decision>) -> Said {
    let Some(limit) = decision.and_then(|decision| decision.limited_by) else {
        return ("False", "WithinLimits", "the size is what the connections need".to_owned());
    };
    let (reason, message) = told(limit);
    ("True", reason, message.to_owned())
}

/// A limit as a word for programs, and in words.
pub(super) fn told(limit: Limit) -> (&'static str, &'static str) {
    match limit {
        Limit::Min => ("AtMinimum", "fewer servers would do, but scaling.min is reached"),
        Limit::Max => ("AtMaximum", "more servers are needed, but scaling.max is reached"),
        Limit::Window => ("Stabilizing", "another number of servers was needed a short while ago"),
        Limit::Rush => ("Rush", "nothing shrinks within a minute of a rush of connections"),
        Limit::Pace => ("Pacing", "scaling.behavior allows no faster change"),
        Limit::Engine => ("RedisAway", "nothing shrinks while Redis is away"),
        Limit::Rollout => ("RollingOut", "nothing shrinks while servers are replaced"),
        Limit::Unseen => ("ServersSilent", "nothing shrinks while too many servers do not answer"),
        Limit::Paused => ("Paused", "spec.scaling.paused is set"),
    }
}
