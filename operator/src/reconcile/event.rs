//! Stage 9: one event for each move.
//!
//! kube's Recorder folds events with the same reason into a series that keeps the first note; here each move is an
//! event of its own, since each has its own numbers.

use hubbub_scaling::Decision;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client, Resource, ResourceExt};

use super::status::Problem;
use crate::crd::ChatServer;
use crate::names::MANAGER;

/// The API server refuses longer notes.
const LONGEST_NOTE: usize = 1_000;

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

/// What a decision that was carried out changed. Pure.
pub fn moves(asked: Option<u32>, decision: &Decision) -> Vec<News> {
    let normal = |reason, what: String| News {
        severity: "Normal",
        reason,
        note: format!("{what}: {}", decision.reason),
    };
    let before = asked.unwrap_or(0);
    let size = format!("from {before} to {} servers", decision.ask);
    let mut news = Vec::new();
    if !decision.act && asked.is_some() {
        return news;
    }
    if decision.ask > before {
        news.push(normal("ScaledUp", size));
    } else if decision.ask < before {
        news.push(normal("ScaledDown", size));
    }
    if !decision.victims.is_empty() {
        news.push(normal("Draining", format!("emptying {}", decision.victims.join(", "))));
    }
    if !decision.resume.is_empty() {
        news.push(normal("DrainCancelled", format!("taking back {}", decision.resume.join(", "))));
    }
    news
}

/// A problem, when it is not the one that the status tells of already. Pure.
pub fn trouble(object: &ChatServer, problem: &Problem) -> Option<News> {
    let known = object.status.as_ref().is_some_and(|status| status.reason == problem.words);
    (!known).then(|| News { severity: "Warning", reason: problem.reason, note: problem.words.clone() })
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
