//! Stage 9: one event for each move, and for what begins or ends otherwise.
//!
//! kube's Recorder folds events with the same reason into a series that keeps the first note; here each move is an
//! event of its own, since each has its own numbers.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use hubbub_scaling::{Decision, Moment, Move};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::PostParams;
use kube::{Api, Client, Resource, ResourceExt};

use super::status::Problem;
use crate::crd::{ChatServer, ChatServerStatus};
use crate::names::MANAGER;

/// The API server refuses longer notes.
const LONGEST_NOTE: usize = 1_000;

/// Moves of connections that follow upon each other within this time are one: they come in rounds of some seconds.
const SAME_MOVES: SignedDuration = SignedDuration::from_mins(1);
/// What comes and goes by itself is told of once in this time: a Redis that fails every minute would fill the list.
const QUIET: Duration = Duration::from_mins(10);

/// What happened, for `kubectl describe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// `Normal` or `Warning`.
    pub severity: &'static str,
    /// A word for programs.
    pub reason: &'static str,
    /// In words.
    pub note: String,
}

/// The change of size that a decision made. Pure.
pub fn resized(asked: Option<u32>, decision: &Decision) -> Option<News> {
    let before = asked.unwrap_or(0);
    let reason = match decision.ask.cmp(&before) {
        Ordering::Greater => "ScaledUp",
        Ordering::Less => "ScaledDown",
        Ordering::Equal => return None,
    };
    Some(normal(reason, &format!("from {before} to {} servers", decision.ask), decision))
}

/// The drains that a decision began and cancelled, of the pods that could be marked. Pure.
pub fn drained(decision: &Decision, marked: &[String]) -> Vec<News> {
    let those = |names: &[String]| {
        let those: Vec<&str> =
            names.iter().filter(|name| marked.contains(name)).map(String::as_str).collect();
        (!those.is_empty()).then(|| those.join(", "))
    };
    let begun =
        those(&decision.victims).map(|names| normal("Draining", &format!("emptying {names}"), decision));
    let cancelled = those(&decision.resume)
        .map(|names| normal("DrainCancelled", &format!("taking back {names}"), decision));
    begun.into_iter().chain(cancelled).collect()
}

/// That connections are moved, unless the round of moves before was a short while ago. Pure.
pub fn rebalancing(moves: &[Move], last: Option<Timestamp>, now: Timestamp) -> Option<News> {
    if last.is_some_and(|last| now.duration_since(last) < SAME_MOVES) {
        return None;
    }
    let fullest = moves.first()?;
    let note = format!(
        "moving connections to servers that have fewer, beginning with {} of {}, until none has more than 1.1 of the \
        average",
        fullest.connections, fullest.from
    );
    Some(News { severity: "Normal", reason: "Rebalancing", note })
}

fn normal(reason: &'static str, what: &str, decision: &Decision) -> News {
    News { severity: "Normal", reason, note: format!("{what}: {}", decision.reason) }
}

/// A problem, when it is not the one that the status tells of already. Pure.
pub fn trouble(object: &ChatServer, problem: &Problem) -> Option<News> {
    let known = object.status.as_ref().is_some_and(|status| status.reason == problem.words);
    (!known).then(|| News { severity: "Warning", reason: problem.reason, note: problem.words.clone() })
}

/// What begins or ends between two statuses without anybody moving anything. Pure.
pub fn turned(before: Option<&ChatServerStatus>, after: &ChatServerStatus) -> Vec<News> {
    let said = |status: &ChatServerStatus, type_: &str| {
        let condition = status.conditions.iter().find(|condition| condition.type_ == type_);
        condition.map(|condition| (condition.status.clone(), condition.reason.clone()))
    };
    let redis = |status| said(status, "RedisHealthy").map(|(status, _)| status);
    let limit = |status| said(status, "ScalingLimited").map(|(_, reason)| reason);
    let (was_away, is_away) = (before.and_then(redis).as_deref() == Some("False"), redis(after));
    let was_full = before.and_then(limit).as_deref() == Some("AtMaximum");
    let is_full = limit(after).as_deref() == Some("AtMaximum");
    let redis = match is_away.as_deref() {
        Some("False") if !was_away => {
            Some(("Warning", "RedisAway", "Redis does not answer; the size stays until it does".to_owned()))
        }
        Some("True") if was_away => Some(("Normal", "RedisBack", "Redis answers again".to_owned())),
        _ => None,
    };
    let full = (is_full && !was_full).then(|| ("Warning", "AtMaximum", after.reason.clone()));
    redis.into_iter().chain(full).map(|(severity, reason, note)| News { severity, reason, note }).collect()
}

/// When what comes and goes was told of last.
#[derive(Debug, Default)]
pub struct Told(HashMap<&'static str, Moment>);

impl Told {
    /// Whether something is to be told of now.
    ///
    /// ```
    /// use hubbub_operator::reconcile::event::Told;
    /// use hubbub_scaling::Moment;
    /// let mut told = Told::default();
    /// assert!(told.may("RedisAway", Moment::from_secs(0)));
    /// assert!(!told.may("RedisAway", Moment::from_secs(599)));
    /// assert!(told.may("RedisBack", Moment::from_secs(599)));
    /// assert!(told.may("RedisAway", Moment::from_secs(600)));
    /// ```
    pub fn may(&mut self, reason: &'static str, now: Moment) -> bool {
        let quiet = self.0.get(reason).is_some_and(|last| now.since(*last) < QUIET);
        if !quiet {
            self.0.insert(reason, now);
        }
        !quiet
    }
}

/// Writes an event. Client.
///
/// # Errors
/// When the API server does not take it.
pub async fn publish(
    client: &Client,
    object: &ChatServer,
    reporter: &str,
    news: &News,
    now: Timestamp,
) -> Result<(), kube::Error> {
    let namespace = object.namespace().unwrap_or_default();
    let event = Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", object.name_any())),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        },
        type_: Some(news.severity.to_owned()),
        reason: Some(news.reason.to_owned()),
        action: Some("Scale".to_owned()),
        note: Some(news.note.chars().take(LONGEST_NOTE).collect()),
        regarding: Some(object.object_ref(&())),
        event_time: Some(MicroTime(now)),
        reporting_controller: Some(format!("hubbub.dev/{MANAGER}")),
        reporting_instance: Some(reporter.to_owned()),
        ..Event::default()
    };
    Api::<Event>::namespaced(client.clone(), &namespace).create(&PostParams::default(), &event).await?;
    Ok(())
}
