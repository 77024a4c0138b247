//! Stage 4, no client: what was seen, as `hubbub-scaling` wants it.

use hubbub_scaling::{Decision, Memory, Observation, Phase, Pod, Policy, decide as rules};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::jiff::Timestamp;

use super::observe::{Server, moment};
use crate::record::Record;
use crate::validate::Wanted;

/// Decides for a ChatServer, and keeps what it was made on. `template` is the one that its servers should be made from.
pub fn decide(
    wanted: &Wanted,
    template: Option<&str>,
    deployment: Option<&Deployment>,
    servers: &[Server],
    memory: Memory,
    now: Timestamp,
) -> (Record, Memory) {
    Record::make(wanted.policy.clone(), observation(template, deployment, servers), memory, moment(now))
}

/// What is to be done: what was decided, or in a dry run what leaves everything as it is. Then servers that are being
/// emptied are taken back, as in a pause: nobody would go on to empty them.
pub fn todo(Record { decision, policy, observation, now, .. }: &Record) -> Decision {
    if decision.act {
        return decision.clone();
    }
    let paused = Policy { paused: true, dry_run: false, ..policy.clone() };
    let (still, _) = rules(&paused, observation, Memory::default(), *now);
    Decision { reason: "spec.scaling.dryRun is set".to_owned(), ..still }
}

fn observation(template: Option<&str>, deployment: Option<&Deployment>, servers: &[Server]) -> Observation {
    let pods: Vec<Pod> = servers
        .iter()
        .map(|server| Pod {
            name: server.name.clone(),
            phase: server.phase,
            ready: server.ready,
            connections: server.answer.connections(),
            readings: server.answer.readings(),
            current_template: server.template.as_deref() == template,
            created: server.created,
        })
        .collect();
    let old = pods.iter().any(|pod| pod.phase != Phase::Leaving && !pod.current_template);
    Observation {
        asked: deployment.map(asked),
        rollout: old || deployment.is_some_and(unseen_change),
        engine_healthy: engine(servers) != Some(false),
        pods,
    }
}

/// How many servers a Deployment asks for.
pub fn asked(deployment: &Deployment) -> u32 {
    // Kubernetes' own default is 1.
    let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    u32::try_from(replicas).unwrap_or(0)
}

/// Whether the engine answers: not, as soon as one server says so. `None` when nobody says anything.
pub fn engine(servers: &[Server]) -> Option<bool> {
    servers
        .iter()
        .filter(|server| server.phase == Phase::Serving)
        .filter_map(|server| server.answer.engine_up())
        .reduce(|all, one| all && one)
}

/// The Deployment was changed, and its controller has not looked at it yet.
fn unseen_change(deployment: &Deployment) -> bool {
    let observed = deployment.status.as_ref().and_then(|status| status.observed_generation);
    deployment.metadata.generation > observed
}
