//! Stage 2, no client: a ChatServer as the API server gave it becomes a [`Wanted`] that can't be wrong.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use hubbub_protocol::{
    RoomName,
    limits::{self, InvalidRates, Limited, Rate, Rates},
};
use hubbub_scaling::{Intake, InvalidPolicy, Policy};
use hyper::Uri;
use ipnet::IpNet;
use k8s_openapi::api::core::v1::{ResourceRequirements, Toleration};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use thiserror::Error;

use crate::crd::{ChatServer, IngressSpec, PullPolicy, ResourcesSpec, ServerSpec};
use crate::policy::policy;

/// Everything that the later stages need of a valid ChatServer.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its name, and that of nearly all that is made for it.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The reference that makes what is built go with it.
    pub owner: OwnerReference,
    /// How many servers.
    pub policy: Policy,
    /// A server's sessions are sent away over this many seconds.
    pub drain_seconds: u32,
    /// The chat-server's container image.
    pub image: String,
    /// When the image is pulled.
    pub image_pull_policy: Option<PullPolicy>,
    /// Where servers meet.
    pub redis_url: String,
    /// How many replicas of it have to have a message before it is acknowledged.
    pub ack_replicas: Option<u8>,
    /// Settings of the servers.
    pub server: ServerSpec,
    /// The way in from outside.
    pub ingress: Option<IngressSpec>,
    /// What a server asks of its node.
    pub resources: ResourceRequirements,
    /// Labels of the nodes that may have servers.
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that servers put up with.
    pub tolerations: Vec<Toleration>,
}

/// Why a ChatServer can't be acted on. Each says what to change.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Invalid {
    /// The object has no name, namespace or uid: it did not come from an API server.
    #[error("the object has no {0}")]
    Incomplete(&'static str),
    /// A number outside what is possible.
    #[error("spec.{field} is {value}, but has to be from {min} to {max}")]
    OutOfRange {
        /// Where it is.
        field: &'static str,
        /// What it is.
        value: i64,
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Sizes that contradict each other.
    #[error("spec.scaling: {0}")]
    Scaling(#[from] InvalidPolicy),
    /// Servers would be full, and refuse sessions, before there are enough of them for another server.
    #[error(
        "spec.server.maxConnections is {most}, but has to be more than {edge}: a server is added at {edge} connections \
        each (spec.scaling.targetConnections and its tolerance), and full servers would never get there"
    )]
    NeverGrows {
        /// The sessions that a server takes.
        most: u64,
        /// The connections of a server above which another one is added.
        edge: f64,
    },
    /// Not the address of a Redis.
    #[error(
        "spec.redis.url {url:?}: {problem}; it has to look like redis://host:6379/0, \
        redis-cluster://host:7001,host:7002/ or redis-sentinel://host:26379,host:26379/MASTER"
    )]
    RedisUrl {
        /// What it is, without a password.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A text that is empty or has blanks.
    #[error("spec.{field} {value:?} is empty or has blanks in it")]
    Text {
        /// Where it is.
        field: &'static str,
        /// What it is.
        value: String,
    },
    /// Not the name of a room.
    #[error("spec.server.defaultRoom: {0}")]
    Room(String),
    /// Not the network of a proxy.
    #[error("spec.server.trustedProxies {0:?} is no network such as 10.0.0.0/8")]
    Network(String),
    /// Not a rate.
    #[error("spec.server.rates: {0}")]
    Rate(#[from] InvalidRates),
    /// Not an origin or URL.
    #[error("spec.server.{field} {value:?} is not a URL such as {example}")]
    Url {
        /// Where it is.
        field: &'static str,
        /// What it is.
        value: String,
        /// What one looks like.
        example: &'static str,
    },
}

/// Checks all that the definition in the API server can't, and once more what it can: objects may be older than it.
///
/// # Errors
/// The first thing that is wrong.
pub fn validate(object: &ChatServer) -> Result<Wanted, Invalid> {
    let spec = &object.spec;
    let name = object.metadata.name.clone().ok_or(Invalid::Incomplete("name"))?;
    let namespace = object.metadata.namespace.clone().ok_or(Invalid::Incomplete("namespace"))?;
    let owner = object.controller_owner_ref(&()).ok_or(Invalid::Incomplete("uid"))?;
    let drain_seconds = number("drain.seconds", spec.drain.seconds, 1, limits::DRAIN_SECONDS_MAX)?;
    check_redis_url(&spec.redis.url)?;
    check_text("image", &spec.image)?;
    let rates = check_server(&spec.server)?;
    let pinned = spec.replicas.map(|replicas| number("replicas", replicas, 0, 1_000)).transpose()?;
    let intake = intake(&spec.server, &rates);
    let policy = Policy { pinned, intake, ..policy(&spec.scaling, drain_seconds)? };
    check_room_to_grow(&policy, spec.server.max_connections)?;
    Ok(Wanted {
        policy,
        name,
        namespace,
        owner,
        drain_seconds,
        image: spec.image.clone(),
        image_pull_policy: spec.image_pull_policy,
        redis_url: spec.redis.url.clone(),
        ack_replicas: spec.redis.ack_replicas.map(ack_replicas).transpose()?,
        server: spec.server.clone(),
        ingress: spec.ingress.clone(),
        resources: resources(spec.resources.as_ref()),
        node_selector: spec.node_selector.clone(),
        tolerations: spec.tolerations.clone(),
    })
}

/// A number that is not negative.
pub(crate) fn number(field: &'static str, value: i32, min: u32, max: u32) -> Result<u32, Invalid> {
    let (value, min, max) = (value.into(), min.into(), max.into());
    within(field, value, min, max)?;
    u32::try_from(value).map_err(|_| Invalid::OutOfRange { field, value, min, max })
}

/// A number that is not 0 either.
pub(crate) fn positive(field: &'static str, value: i32, max: u32) -> Result<NonZeroU32, Invalid> {
    let positive = NonZeroU32::new(number(field, value, 1, max)?);
    positive.ok_or(Invalid::OutOfRange { field, value: value.into(), min: 1, max: max.into() })
}

fn within(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), Invalid> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(Invalid::OutOfRange { field, value, min, max }) }
}

fn ack_replicas(asked: i32) -> Result<u8, Invalid> {
    let most = limits::ACK_REPLICAS_MAX;
    within("redis.ackReplicas", asked.into(), 0, most.into())?;
    Ok(asked.try_into().unwrap_or(most))
}

fn check_redis_url(url: &str) -> Result<(), Invalid> {
    let bad = |problem| Invalid::RedisUrl { url: without_password(url), problem };
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let (scheme, kind) = scheme.split_once('-').unwrap_or((scheme, ""));
    if !["redis", "rediss"].contains(&scheme) || !["", "cluster", "sentinel"].contains(&kind) {
        return Err(bad("does not begin with redis://, redis-cluster:// or redis-sentinel:// (TLS: rediss)"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    for host in hosts.split(',') {
        check_host(host).map_err(bad)?;
    }
    match kind {
        "" if hosts.contains(',') => Err(bad("names several hosts")),
        "" if !path.is_empty() && path.parse::<u16>().is_err() => {
            Err(bad("ends in a database that is not a number"))
        }
        "cluster" if !path.is_empty() => Err(bad("names a database, and a Cluster has none")),
        "sentinel" if path.is_empty() || path.contains('/') => Err(bad("does not name the master")),
        "" | "cluster" if !query.is_empty() => Err(bad("has something behind the hosts")),
        _ => Ok(()),
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let uri: Uri = format!("redis://{host}").parse().map_err(|_| "is not a URL")?;
    if uri.host().is_none_or(str::is_empty) {
        return Err("names no host");
    }
    let after_host = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
    if after_host.contains(':') && uri.port_u16().is_none_or(|port| port == 0) {
        return Err("has a port that does not exist");
    }
    Ok(())
}

/// The URL for people's eyes: what is before the `@` stays out of conditions and events.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    }
}

/// What a server can take of those that go: what it lets in of those who come to it otherwise.
fn intake(server: &ServerSpec, rates: &Rates) -> Intake {
    let places = server.max_connections.and_then(|most| u32::try_from(most).ok());
    let every = rates.of(Limited::Admissions).map(Rate::every);
    // No fewer than one, so that its other bounds count when it lets in one a minute.
    let per_second = every.map(|every| Duration::from_secs(1).div_duration_f64(every).max(1.0));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number, saturating"
    )]
    let per_second = per_second.map_or(u32::MAX, |rate| rate as u32);
    Intake { places: places.unwrap_or(Intake::default().places), per_second }
}

/// A full server refuses sessions, and those that are refused count only as often as they ask again.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn check_room_to_grow(policy: &Policy, max_connections: Option<i32>) -> Result<(), Invalid> {
    let most = max_connections
        .and_then(|most| u64::try_from(most).ok())
        .unwrap_or(limits::CONNECTIONS_DEFAULT as u64);
    let edge = f64::from(policy.target.get()) * (1.0 + policy.tolerance.get());
    if edge < most as f64 { Ok(()) } else { Err(Invalid::NeverGrows { most, edge: edge.floor() }) }
}

/// The limits are those of the chat-server, which does not start with anything else. Gives the rates that it has.
fn check_server(server: &ServerSpec) -> Result<Rates, Invalid> {
    let most = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    for (field, value, min, max) in [
        ("server.maxConnections", server.max_connections.map(i64::from), 1, i32::MAX.into()),
        ("server.history", server.history.map(i64::from), 1, most(limits::HISTORY_KEPT_MAX)),
        (
            "server.historySeconds",
            server.history_seconds,
            0,
            i64::try_from(limits::HISTORY_SECONDS_MAX).unwrap_or(i64::MAX),
        ),
        ("server.queueBytes", server.queue_bytes, most(limits::QUEUE_BYTES_MIN), i64::MAX),
    ] {
        value.map(|value| within(field, value, min, max)).transpose()?;
    }
    if let Some(room) = &server.default_room {
        RoomName::parse(room).map_err(|problem| Invalid::Room(problem.to_string()))?;
    }
    if let Some(auth) = &server.auth {
        check_text("server.auth.issuer", &auth.issuer)?;
        check_text("server.auth.audience", &auth.audience)?;
        check_url("auth.jwksUrl", &auth.jwks_url, "https://login.example/keys")?;
    }
    for origin in &server.allowed_origins {
        check_origin(origin)?;
    }
    for network in server.trusted_proxies.iter().flatten() {
        let is_one = network.parse::<IpNet>().is_ok() || network.parse::<IpAddr>().is_ok();
        if !is_one {
            return Err(Invalid::Network(network.clone()));
        }
    }
    let rates: Vec<_> = server.rates.iter().map(|(name, rate)| format!("{name}={rate}")).collect();
    let rates = Rates::with(rates.iter().map(String::as_str))?;
    server.name_api.iter().try_for_each(|url| check_url("nameApi", url, "https://randomuser.me/api/"))?;
    Ok(rates)
}

/// Scheme and host and nothing more, since that is all that browsers say of a page.
fn check_origin(value: &str) -> Result<(), Invalid> {
    let (field, example) = ("allowedOrigins", "https://chat.example");
    check_url(field, value, example)?;
    let bare = value.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.path(), "" | "/")
            && uri.query().is_none()
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if bare { Ok(()) } else { Err(Invalid::Url { field, value: value.to_owned(), example }) }
}

fn check_url(field: &'static str, value: &str, example: &'static str) -> Result<(), Invalid> {
    let bad = || Invalid::Url { field, value: value.to_owned(), example };
    let uri: Uri = value.parse().map_err(|_| bad())?;
    if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() {
        Ok(())
    } else {
        Err(bad())
    }
}

fn check_text(field: &'static str, value: &str) -> Result<(), Invalid> {
    if value.is_empty() || value.contains(char::is_whitespace) {
        return Err(Invalid::Text { field, value: value.to_owned() });
    }
    Ok(())
}

/// What is not said is enough for some thousand quiet connections: a server has about 30 KiB for each.
fn resources(spec: Option<&ResourcesSpec>) -> ResourceRequirements {
    let quantity = |name: &str, amount: &str| (name.to_owned(), Quantity(amount.to_owned()));
    let (requests, limits) = match spec {
        Some(spec) => (spec.requests.clone(), spec.limits.clone()),
        None => (
            BTreeMap::from([quantity("cpu", "100m"), quantity("memory", "64Mi")]),
            BTreeMap::from([quantity("memory", "512Mi")]),
        ),
    };
    ResourceRequirements { requests: Some(requests), limits: Some(limits), claims: None }
}
