//! Stage 3, no Kubernetes client: asks every server how many connections it has, all at the same time.

use std::net::IpAddr;

use futures::{StreamExt, stream};
use hubbub_protocol::metrics::DrainState;
use hubbub_scaling::{Moment, Phase, Readings};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::waits;
use crate::names::{DRAIN, DRAINING_SINCE, HOLD, SESSIONS, TAKE, TEMPLATE};
use crate::servers::{Figures, Servers};

/// More servers than this are asked one batch after the other.
const AT_A_TIME: usize = 128;

/// A server and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The pod's name.
    pub name: String,
    /// Where to reach it, once it has an address.
    pub address: Option<IpAddr>,
    /// Whether it serves, is being emptied, or is being deleted.
    pub phase: Phase,
    /// It serves, but gets no more sessions: it is about to be replaced, or has more than others.
    pub held: bool,
    /// The Service sends it sessions, if it is ready. It does neither this nor is it held when somebody took its label.
    pub takes: bool,
    /// Whether Kubernetes holds it for ready.
    pub ready: bool,
    /// When it was made.
    pub created: Moment,
    /// The hash of the template that it was made from.
    pub template: Option<String>,
    /// Why it does not run, when something is wrong with it.
    pub trouble: Option<String>,
    /// What it said.
    pub answer: Answer,
}

/// What a server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It does not run: not yet, or not again after it ended. So it has no connections.
    NotStarted,
    /// Nothing, or nothing that can be used.
    Silent,
    /// These.
    Figures(Figures),
}

impl Answer {
    /// The connections, when they are known.
    pub fn connections(self) -> Option<u32> {
        match self {
            Self::NotStarted => Some(0),
            Self::Silent => None,
            Self::Figures(figures) => Some(figures.connections),
        }
    }

    /// How busy it is beside its connections, when that is known.
    pub fn readings(self) -> Option<Readings> {
        match self {
            Self::NotStarted => Some(Readings::default()),
            Self::Silent => None,
            Self::Figures(figures) => figures.readings,
        }
    }

    /// Whether the engine answers the server, when the server says so.
    pub fn engine_up(self) -> Option<bool> {
        match self {
            Self::Figures(figures) => figures.engine_up,
            Self::NotStarted | Self::Silent => None,
        }
    }

    /// Whether the server takes sessions, when it says so.
    pub fn drain(self) -> Option<DrainState> {
        match self {
            Self::Figures(figures) => figures.drain,
            Self::NotStarted | Self::Silent => None,
        }
    }
}

/// Where to reach the server of this name, if it is there and has an address.
pub fn address(servers: &[Server], name: &str) -> Option<IpAddr> {
    servers.iter().find(|server| server.name == name)?.address
}

/// Asks all servers. One that does not answer costs a second and nothing else.
pub async fn observe(servers: &Servers, pods: &[Pod], now: Timestamp) -> Vec<Server> {
    let known: Vec<Server> = pods.iter().filter_map(|pod| server(pod, now)).collect();
    let mut asked = Vec::with_capacity(known.len());
    for server in known {
        asked.push(ask(servers, server));
    }
    stream::iter(asked).buffered(AT_A_TIME).collect().await
}

async fn ask(servers: &Servers, mut server: Server) -> Server {
    let Some(address) = server.address.filter(|_| server.answer == Answer::Silent) else {
        return server;
    };
    match servers.figures(address).await {
        Ok(figures) => server.answer = Answer::Figures(figures),
        Err(silence) => tracing::debug!(pod = server.name, %silence, "no figures"),
    }
    server
}

/// What the API server knows of a pod. A pod that has ended for good is none: it was replaced already.
pub fn server(pod: &Pod, now: Timestamp) -> Option<Server> {
    let status = pod.status.as_ref();
    let pod_phase = status.and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
    if matches!(pod_phase, "Succeeded" | "Failed") {
        return None;
    }
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let annotation = |key| pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
    Some(Server {
        name: pod.metadata.name.clone()?,
        address: status.and_then(|status| status.pod_ip.as_ref()).and_then(|ip| ip.parse().ok()),
        phase: phase(pod, now),
        held: sessions(pod) == Some(HOLD),
        takes: sessions(pod) == Some(TAKE),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        created: pod.metadata.creation_timestamp.as_ref().map_or(moment(now), |Time(at)| moment(*at)),
        template: annotation(TEMPLATE).cloned(),
        trouble: waits::trouble(status),
        // A pending pod waits for a node, for its image or for a volume.
        answer: if pod_phase == "Pending" || waits::stands(status) {
            Answer::NotStarted
        } else {
            Answer::Silent
        },
    })
}

fn phase(pod: &Pod, now: Timestamp) -> Phase {
    if pod.metadata.deletion_timestamp.is_some() {
        return Phase::Leaving;
    }
    if sessions(pod) != Some(DRAIN) {
        return Phase::Serving;
    }
    // Both are written in one go. Somebody may have set the label by hand, though.
    let annotations = pod.metadata.annotations.as_ref();
    let since = annotations.and_then(|annotations| annotations.get(DRAINING_SINCE)?.parse().ok());
    Phase::Draining { since: moment(since.unwrap_or(now)) }
}

/// The label that says whether the pod gets sessions.
fn sessions(pod: &Pod) -> Option<&str> {
    pod.metadata.labels.as_ref()?.get(SESSIONS).map(String::as_str)
}

/// A time of the API server as `hubbub-scaling` has it.
pub fn moment(at: Timestamp) -> Moment {
    Moment::from_millis(u64::try_from(at.as_millisecond()).unwrap_or(0))
}
