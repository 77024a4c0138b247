//! Stage 8, no client: the last decisions, as the status tells them.

use hubbub_scaling::Phase;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::status::{number, owner, sum, told};
use crate::crd::{DecisionStatus, SeenStatus};
use crate::record::Record;

/// So many decisions are told of.
pub const KEPT: usize = 10;

/// The last decisions after one more, the oldest first. One that is as the last, in size, in owner and in whether it is acted
/// on, is not a new one: words and figures change with each connection.
pub fn append(mut decisions: Vec<DecisionStatus>, record: &Record, now: Timestamp) -> Vec<DecisionStatus> {
    let new = decision(record, now);
    let same =
        |last: &DecisionStatus| (last.to, last.owner, last.dry_run) == (new.to, new.owner, new.dry_run);
    if !decisions.last().is_some_and(same) {
        decisions.push(new);
    }
    let surplus = decisions.len().saturating_sub(KEPT);
    decisions.drain(..surplus);
    decisions
}

fn decision(Record { decision, policy, observation, .. }: &Record, now: Timestamp) -> DecisionStatus {
    let pods = |wanted: fn(&Phase) -> bool| observation.pods.iter().filter(move |pod| wanted(&pod.phase));
    let serving = || pods(|phase| *phase == Phase::Serving);
    let readings = || observation.pods.iter().filter_map(|pod| pod.readings);
    let figure = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
    DecisionStatus {
        time: Time(now),
        from: number(observation.staying() as usize),
        to: number(decision.replicas as usize),
        reason: decision.reason.clone(),
        limited_by: decision.limited_by.map(|limit| told(limit).0.to_owned()),
        owner: owner(decision.owner),
        dry_run: !decision.act,
        saw: SeenStatus {
            connections: sum(observation.pods.iter().filter_map(|pod| pod.connections)),
            send_queue_bytes: readings().map(|of| figure(of.send_queue_bytes)).reduce(i64::saturating_add),
            event_loop_lag_micros: readings().map(|of| figure(of.event_loop_lag_micros)).max(),
            accepts_per_second: readings()
                .map(|of| figure(of.accepts_per_second))
                .reduce(i64::saturating_add),
            ready: number(serving().filter(|pod| pod.ready).count()),
            silent: number(serving().filter(|pod| pod.connections.is_none()).count()),
            draining: number(pods(|phase| matches!(phase, Phase::Draining { .. })).count()),
            target_connections: number(policy.target.get() as usize),
            redis_healthy: observation.engine_healthy,
            rolling_out: observation.rollout,
        },
    }
}
