//! One tick for one ChatServer, in numbered stages. What has a client is I/O; what has none is pure, and is where
//! the thinking is.

pub mod apply;
pub mod decide;
pub mod drain;
pub mod event;
pub mod fetch;
pub mod history;
pub mod hold;
pub mod observe;
pub mod rebalance;
pub mod status;
pub mod tidy;
mod waits;

use std::collections::VecDeque;
use std::time::Duration;

use hubbub_scaling::{Decision, Memory, Phase};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use thiserror::Error;
use tokio::time::Instant;

use self::apply::{Applied, ApplyError};
use self::drain::{Marked, Step};
use self::event::{News, Told};
use self::fetch::{FetchError, Fetched};
use self::observe::Server;
use self::status::{Outcome, Problem};
use crate::build::{BuildError, Objects, build};
use crate::crd::{ChatServer, ChatServerStatus};
use crate::names::MANAGER;
use crate::record::{Entry, Journal};
use crate::servers::Servers;
use crate::telemetry::Telemetry;
use crate::validate::{Wanted, validate};

/// What every tick needs.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// The servers.
    pub servers: Servers,
    /// What the operator says of itself.
    pub telemetry: Telemetry,
    /// Who writes the events: the name of the operator's pod.
    pub reporter: String,
    /// Where decisions are written down.
    pub journal: Journal,
}

/// What is kept from one tick to the next. None of it is needed: an operator that starts anew shrinks later.
#[derive(Debug, Default)]
pub struct Kept {
    memory: Memory,
    applied: Option<Applied>,
    refused: Option<Refused>,
    /// The last decision, as it was written down if it was news.
    decision: Option<Decision>,
    /// The status that was written last, and when.
    status: Option<(Instant, ChatServerStatus)>,
    /// When the last round of moves began.
    rebalanced: Option<Timestamp>,
    /// Events that are not written yet.
    news: VecDeque<News>,
    /// What comes and goes, and was told of.
    told: Told,
}

/// The watch tells of a write within milliseconds. For as long as this, what was written counts, and then again what the watch
/// says, in case that somebody else wrote.
const WATCH_LAG: Duration = Duration::from_secs(10);

/// More events than this don't wait to be written; the oldest are dropped.
const NEWS_KEPT: usize = 32;

impl Kept {
    /// The object with the status that it has by now. On an older one decisions would be forgotten, and events be repeated.
    fn newest(&self, object: &ChatServer) -> ChatServer {
        let written = self.status.as_ref().filter(|(at, _)| at.elapsed() < WATCH_LAG);
        let status = written.map(|(_, status)| status.clone()).or_else(|| object.status.clone());
        ChatServer { status, ..object.clone() }
    }

    fn tell(&mut self, context: &Context, moves: impl IntoIterator<Item = News>) {
        for news in moves {
            context.telemetry.moved();
            self.push(news);
        }
    }

    fn push(&mut self, news: News) {
        if self.news.len() == NEWS_KEPT {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }
}

/// What the API server did not take. It is not asked again each second.
#[derive(Debug)]
struct Refused {
    fingerprint: String,
    at: Instant,
    problem: Problem,
}

/// Why a tick could not be finished. It is tried again.
#[derive(Debug, Error)]
pub enum TickError {
    /// It took too long.
    #[error("the API server did not answer in time")]
    Late,
    /// It panicked: a defect.
    #[error("the tick panicked")]
    Panicked,
    /// Stage 1 failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Stage 5 failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Stage 6 failed.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Stage 7 failed.
    #[error("can't mark a pod: {0}")]
    Drain(#[source] kube::Error),
    /// Stage 8 failed.
    #[error("can't write the status: {0}")]
    Status(#[source] kube::Error),
    /// Stage 9 failed.
    #[error("can't write an event: {0}")]
    Event(#[source] kube::Error),
}

/// One tick. A problem that only a user can solve becomes part of the status, and the servers stay as they are.
///
/// # Errors
/// When the API server does not answer or refuses.
pub async fn reconcile(
    context: &Context,
    object: &ChatServer,
    kept: &mut Kept,
    now: Timestamp,
) -> Result<(), TickError> {
    let object = &kept.newest(object);
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    // 1. fetch (client)
    let fetched = match fetch::fetch(&context.client, object, &namespace, &name).await {
        Err(error @ FetchError::Foreign(_)) => {
            let problem = Problem { reason: "NameTaken", words: error.to_string() };
            return give_up(context, object, &[], 0, &problem, kept, now).await;
        }
        fetched => fetched?,
    };
    let asked = fetched.deployment.as_ref().map(decide::asked);
    // 2. validate (no client)
    let wanted = validate(object);
    // 3. observe (servers)
    let began = Instant::now();
    let servers = observe::observe(&context.servers, &fetched.pods, now).await;
    context.telemetry.scraped(&servers, began.elapsed());
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(invalid) => {
            let problem = Problem { reason: "InvalidSpec", words: invalid.to_string() };
            return give_up(context, object, &servers, asked.unwrap_or(0), &problem, kept, now).await;
        }
    };
    // 4. decide, 5. build (no client)
    let objects = build(&wanted)?;
    let template = objects.template().map(str::to_owned);
    let deployment = fetched.deployment.as_ref();
    let memory = std::mem::take(&mut kept.memory);
    let (record, memory) = decide::decide(&wanted, template.as_deref(), deployment, &servers, memory, now);
    kept.memory = memory;
    let todo = decide::todo(&record);
    let objects = objects.ask_for(todo.ask);
    if record.is_news(kept.decision.as_ref()) {
        context.telemetry.decided(&record);
        let (namespace, chat_server) = (namespace.clone(), name.clone());
        context.journal.write(&Entry { decided: now, namespace, chat_server, record: record.clone() });
    }
    kept.decision = Some(record.decision.clone());
    // 6. apply (client)
    if let Err(problem) = apply(context, &wanted, &objects, &fetched, kept).await? {
        return give_up(context, object, &servers, asked.unwrap_or(0), &problem, kept, now).await;
    }
    // From here on the size is what it is: whatever fails is told of at the end, and hinders nothing else.
    kept.tell(context, event::resized(asked, &todo));
    let told = announce(context, object, kept, now).await;
    // 7. drain (client), rebalance (servers)
    let held = hold::steps(&servers, template.as_deref(), wanted.policy.target, &todo.hold);
    let marked = drain(context, &wanted, kept, &servers, &todo, held, now).await;
    rebalance(context, kept, &servers, &todo, now).await;
    // 8. status, 9. events (client)
    kept.tell(context, event::drained(&todo, &marked.pods));
    let told = told.and(announce(context, object, kept, now).await);
    let rollout = servers.iter().any(|server| server.phase != Phase::Leaving && server.template != template);
    let outcome = Outcome {
        servers: &servers,
        asked: todo.ask,
        decision: Some(&record.decision),
        problem: None,
        rollout,
    };
    let mut status = status::status(object, outcome, now);
    status.decisions = history::append(status.decisions, &record, now);
    for news in event::turned(object.status.as_ref(), &status) {
        if kept.told.may(news.reason, observe::moment(now)) {
            kept.push(news);
        }
    }
    let told = told.and(announce(context, object, kept, now).await);
    let written = write_status(context, object, status, kept).await;
    marked.failed.map_or(Ok(()), |error| Err(TickError::Drain(error))).and(told).and(written)
}

/// Applies what was built. The inner error is what the API server has against it.
async fn apply(
    context: &Context,
    wanted: &Wanted,
    objects: &Objects,
    fetched: &Fetched,
    kept: &mut Kept,
) -> Result<Result<(), Problem>, TickError> {
    let fingerprint = objects.fingerprint()?;
    if let Some(refused) = &kept.refused
        && refused.fingerprint == fingerprint
        && refused.at.elapsed() < apply::AGAIN
    {
        return Ok(Err(refused.problem.clone()));
    }
    kept.refused = None;
    match apply::apply(&context.client, wanted, objects, &fingerprint, fetched, kept.applied.as_ref()).await {
        Ok(Some(applied)) => kept.applied = Some(applied),
        Ok(None) => {}
        Err(error) => {
            let Some(problem) = error.problem() else { return Err(error.into()) };
            // A name may be free soon, as after a ChatServer of the same name was deleted. Asking for that is cheap.
            if !matches!(error, ApplyError::Foreign { .. }) {
                kept.refused = Some(Refused { fingerprint, at: Instant::now(), problem: problem.clone() });
            }
            return Ok(Err(problem));
        }
    }
    Ok(Ok(()))
}

async fn drain(
    context: &Context,
    wanted: &Wanted,
    kept: &Kept,
    servers: &[Server],
    todo: &Decision,
    held: Vec<Step>,
    now: Timestamp,
) -> Marked {
    let Some(applied) = &kept.applied else { return Marked::default() };
    let mut steps = drain::steps(todo, servers, wanted.drain_seconds, observe::moment(now));
    // One step at a time for each: all of them change the same label.
    let busy: Vec<String> = steps.iter().map(|step| step.pod().to_owned()).collect();
    steps.extend(held.into_iter().filter(|step| !busy.iter().any(|pod| pod == step.pod())));
    drain::carry_out(&context.client, &context.servers, wanted, &applied.token, servers, &steps, now).await
}

async fn rebalance(context: &Context, kept: &mut Kept, servers: &[Server], todo: &Decision, now: Timestamp) {
    let Some(applied) = kept.applied.as_ref().filter(|_| !todo.moves.is_empty()) else { return };
    let shed = rebalance::carry_out(&context.servers, &applied.token, servers, &todo.moves).await;
    context.telemetry.shed(shed);
    let news = event::rebalancing(&todo.moves, kept.rebalanced.replace(now), now);
    kept.tell(context, news);
}

/// Tells of a problem that only a user can solve, and leaves everything as it is.
async fn give_up(
    context: &Context,
    object: &ChatServer,
    servers: &[Server],
    asked: u32,
    problem: &Problem,
    kept: &mut Kept,
    now: Timestamp,
) -> Result<(), TickError> {
    if let Some(news) = event::trouble(object, problem)
        && !kept.news.contains(&news)
    {
        kept.push(news);
    }
    announce(context, object, kept, now).await?;
    let outcome = Outcome { servers, asked, decision: None, problem: Some(problem), rollout: false };
    write_status(context, object, status::status(object, outcome, now), kept).await
}

/// Writes the events that are due. What can't be written now is written in the next tick.
async fn announce(
    context: &Context,
    object: &ChatServer,
    kept: &mut Kept,
    now: Timestamp,
) -> Result<(), TickError> {
    while let Some(news) = kept.news.front() {
        tracing::info!(chatserver = object.name_any(), reason = news.reason, "{}", news.note);
        event::publish(&context.client, object, &context.reporter, news, now)
            .await
            .map_err(TickError::Event)?;
        kept.news.pop_front();
    }
    Ok(())
}

async fn write_status(
    context: &Context,
    object: &ChatServer,
    status: ChatServerStatus,
    kept: &mut Kept,
) -> Result<(), TickError> {
    context.telemetry.told(&object.namespace().unwrap_or_default(), &object.name_any(), &status);
    if object.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let chat_servers: Api<ChatServer> =
        Api::namespaced(context.client.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({ "apiVersion": "hubbub.dev/v1alpha1", "kind": "ChatServer", "status": status });
    let params = PatchParams::apply(MANAGER).force();
    match chat_servers.patch_status(&object.name_any(), &params, &Patch::Apply(patch)).await {
        Ok(written) => {
            kept.status = written.status.map(|status| (Instant::now(), status));
            Ok(())
        }
        // It was deleted meanwhile.
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(TickError::Status(error)),
    }
}
