//! Stage 7, client: begins and cancels drains.
//!
//! A pod's label is the truth: it says whether the pod is to be emptied, and outlives the operator. What the server
//! itself says is brought in line with it in each tick, so that a call that failed, or that the last operator did
//! not get to, is made again.
//!
//! A drain begins with the label alone. The server is told in the next tick, when the Service no longer sends anybody
//! to it: a session that it would have to refuse is one that waits.

use std::net::IpAddr;
use std::time::Duration;

use futures::{StreamExt, stream};
use hubbub_protocol::metrics::DrainState;
use hubbub_scaling::{Decision, Moment, Phase};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::decide::engine;
use super::observe::{self, Server};
use crate::names::{DELETION_COST, DRAIN, DRAINING_SINCE, HOLD, MANAGER, SESSIONS, TAKE, VICTIM_COST};
use crate::servers::Servers;
use crate::validate::Wanted;

/// What has to be done with a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take it out of the Service.
    Begin(String),
    /// It is out of the Service, but takes sessions: tell it to send them away, over so many seconds.
    Drain(String, u32),
    /// Put it back into the Service and tell it to take sessions.
    Cancel(String),
    /// Take it out of the Service, and leave its sessions where they are: see [`super::hold`].
    Hold(String),
    /// Put it back into the Service.
    Release(String),
}

impl Step {
    /// The pod's name.
    pub(super) fn pod(&self) -> &str {
        match self {
            Self::Begin(name)
            | Self::Drain(name, _)
            | Self::Cancel(name)
            | Self::Hold(name)
            | Self::Release(name) => name,
        }
    }

    /// What is changed of the pod, if anything is.
    fn change(&self, now: Timestamp) -> Option<Value> {
        match self {
            Self::Begin(_) => Some(begin(now)),
            Self::Drain(..) => None,
            Self::Cancel(_) => Some(cancel()),
            Self::Hold(_) => Some(gets(HOLD)),
            Self::Release(_) => Some(gets(TAKE)),
        }
    }
}

/// More steps than this are taken one batch after the other: each is a call to the API server.
const AT_A_TIME: usize = 16;
/// A server is told a tick after it got its label, or two.
const PROMPT: Duration = Duration::from_secs(3);
/// A drain that has to be told once more, since the first call failed, still gets this many seconds: sessions must
/// not all come back at once.
const LEAST_SECONDS: u32 = 5;

/// What has to be done with servers. No server is told to send its sessions away while the engine does not answer: no
/// other could take them. Pure.
pub fn steps(decision: &Decision, servers: &[Server], drain_seconds: u32, now: Moment) -> Vec<Step> {
    let engine_away = engine(servers) == Some(false);
    servers
        .iter()
        .filter_map(|server| {
            let name = server.name.clone();
            let takes = server.answer.drain().map(|state| state == DrainState::Serving);
            match server.phase {
                Phase::Leaving => None,
                Phase::Serving if decision.victims.contains(&name) => Some(Step::Begin(name)),
                Phase::Serving => (takes == Some(false)).then_some(Step::Cancel(name)),
                Phase::Draining { .. } if decision.resume.contains(&name) => Some(Step::Cancel(name)),
                Phase::Draining { .. } if engine_away => None,
                Phase::Draining { since } => {
                    let over = seconds_left(drain_seconds, now.since(since));
                    (takes == Some(true)).then_some(Step::Drain(name, over))
                }
            }
        })
        .collect()
}

/// The whole time while nothing is late, else what is left of it.
fn seconds_left(drain_seconds: u32, begun: Duration) -> u32 {
    let late = u32::try_from(begun.saturating_sub(PROMPT).as_secs()).unwrap_or(u32::MAX);
    drain_seconds.saturating_sub(late).max(LEAST_SECONDS.min(drain_seconds))
}

/// What came of the steps.
#[derive(Debug, Default)]
pub struct Marked {
    /// The pods that were taken out of the Service, or put back.
    pub pods: Vec<String>,
    /// The first thing that went wrong, if anything did.
    pub failed: Option<kube::Error>,
}

/// Takes the steps, several at a time. When a pod can't be patched, the others are nevertheless. A server that can't be
/// told is told again in the next tick.
pub async fn carry_out(
    client: &Client,
    servers: &Servers,
    wanted: &Wanted,
    token: &str,
    seen: &[Server],
    steps: &[Step],
    now: Timestamp,
) -> Marked {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &wanted.namespace);
    let mut calls = Vec::with_capacity(steps.len());
    for step in steps {
        let address = observe::address(seen, step.pod());
        calls.push(take(&pods, servers, token, step, address, now));
    }
    let mut marked = Marked::default();
    let mut results = stream::iter(calls).buffer_unordered(AT_A_TIME);
    while let Some(result) = results.next().await {
        match result {
            Ok(Some(pod)) => marked.pods.push(pod),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "can't mark a pod; going on with the others");
                marked.failed.get_or_insert(error);
            }
        }
    }
    marked
}

/// Takes a step, and tells which pod was marked by it.
async fn take(
    pods: &Api<Pod>,
    servers: &Servers,
    token: &str,
    step: &Step,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<String>, kube::Error> {
    let pod = step.pod();
    let (marked, there) = match step.change(now) {
        Some(change) => (Some(pod.to_owned()), label(pods, pod, &change).await?),
        None => (None, true),
    };
    let Some(address) = address.filter(|_| there) else { return Ok(marked) };
    let told = match step {
        Step::Begin(_) | Step::Hold(_) | Step::Release(_) => return Ok(marked),
        Step::Drain(_, over_seconds) => servers.drain(address, token, *over_seconds).await,
        Step::Cancel(_) => servers.resume(address, token).await,
    };
    match told {
        Ok(state) => tracing::info!(pod, ?step, connections = state.connections, "told"),
        Err(silence) => tracing::warn!(pod, ?step, %silence, "could not be told; trying again"),
    }
    Ok(marked)
}

/// Changes a pod, and tells whether there is still something to tell it: one that is being deleted drains itself,
/// and must not be told otherwise.
async fn label(pods: &Api<Pod>, name: &str, change: &Value) -> Result<bool, kube::Error> {
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    match pods.patch(name, &params, &Patch::Merge(change)).await {
        Ok(pod) => Ok(pod.metadata.deletion_timestamp.is_none()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

fn begin(now: Timestamp) -> Value {
    json!({ "metadata": {
        "labels": { SESSIONS: DRAIN },
        "annotations": { DRAINING_SINCE: now.to_string(), DELETION_COST: VICTIM_COST },
    } })
}

fn cancel() -> Value {
    json!({ "metadata": {
        "labels": { SESSIONS: TAKE },
        "annotations": { DRAINING_SINCE: null, DELETION_COST: null },
    } })
}

/// Whether it gets sessions, and nothing else.
fn gets(sessions: &str) -> Value {
    json!({ "metadata": { "labels": { SESSIONS: sessions } } })
}
