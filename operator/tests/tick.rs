//! Whole ticks against an API server that is made up: what is asked of it, and what is not.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hubbub_operator::crd::ChatServer;
use hubbub_operator::reconcile::{Context, Kept, TickError, reconcile};
use hubbub_operator::record::{Entry, Journal};
use hubbub_operator::servers::Servers;
use hubbub_operator::telemetry::Telemetry;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// What the API server has, and what was asked of it.
#[derive(Default)]
struct Cluster {
    /// Objects by the end of their path.
    objects: Vec<(&'static str, Value)>,
    /// Events are refused.
    mute: bool,
    /// Everything that was to be changed: method, path and object.
    writes: Vec<(Method, String, Value)>,
    /// What was written down of decisions.
    journal: Vec<u8>,
}

/// The journal of a made-up cluster.
struct Pages(Shared);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().journal.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Cluster {
    fn decisions(&self) -> Vec<Entry> {
        let lines = std::str::from_utf8(&self.journal).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events that were written since the last look.
    fn events(&mut self) -> Vec<String> {
        let writes = std::mem::take(&mut self.writes).into_iter();
        let events = writes.filter(|(_, path, _)| path.ends_with("/events"));
        events.map(|(_, _, event)| event["reason"].as_str().unwrap().to_owned()).collect()
    }
}

type Shared = Arc<Mutex<Cluster>>;

async fn answer(State(cluster): State<Shared>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut cluster = cluster.lock().unwrap();
    let path = uri.path().to_owned();
    if method != Method::GET {
        if cluster.mute && path.ends_with("/events") {
            return failure(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let object: Value = serde_json::from_slice(&body).unwrap();
        cluster.writes.push((method, path, object.clone()));
        return axum::Json(whole(object)).into_response();
    }
    match cluster.objects.iter().find(|(end, _)| path.ends_with(end)) {
        Some((_, object)) => axum::Json(object.clone()).into_response(),
        None if path.ends_with("/pods") || path.ends_with("/configmaps") => {
            axum::Json(json!({ "metadata": {}, "items": [] })).into_response()
        }
        None => failure(StatusCode::NOT_FOUND),
    }
}

/// What was written of a ChatServer is its status; the client wants a spec with it.
fn whole(mut object: Value) -> Value {
    if object["kind"] == "ChatServer" {
        object["metadata"] = json!({ "name": "chat" });
        object["spec"] = json!({ "image": "chat", "redis": { "url": "redis://redis" } });
    }
    object
}

fn failure(code: StatusCode) -> Response {
    let reason = if code == StatusCode::NOT_FOUND { "NotFound" } else { "InternalError" };
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason,
        "reason": reason, "code": code.as_u16() });
    (code, axum::Json(status)).into_response()
}

fn minimal() -> ChatServer {
    serde_saphyr::from_str(include_str!("fixtures/minimal.yaml")).unwrap()
}

/// Ends the API server.
struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn api_server(cluster: Cluster) -> (Context, Shared, Guard) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = Arc::new(Mutex::new(cluster));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().fallback(answer).with_state(Arc::clone(&cluster));
    let server = tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    let config = Config::new(format!("http://{address}").parse().unwrap());
    let context = Context {
        client: Client::try_from(config).unwrap(),
        servers: Servers::new(9),
        telemetry: Telemetry::new().unwrap(),
        reporter: "operator-0".to_owned(),
        journal: Journal::to(Pages(Arc::clone(&cluster))),
    };
    (context, cluster, Guard(server.abort_handle()))
}

async fn tick(context: &Context, chat_server: &ChatServer, kept: &mut Kept) -> Result<(), TickError> {
    Box::pin(reconcile(context, chat_server, kept, Timestamp::now())).await
}

fn secret(uid: &str) -> (&'static str, Value) {
    let owner =
        json!({ "apiVersion": "hubbub.dev/v1alpha1", "kind": "ChatServer", "name": "chat", "uid": uid });
    let secret = json!({ "metadata": { "name": "chat-admin", "ownerReferences": [owner] },
        "data": { "token": "aHVzaA==" } });
    ("/secrets/chat-admin", secret)
}

#[tokio::test]
async fn when_a_name_belongs_to_somebody_else_nothing_is_touched_and_the_status_says_so() {
    for (end, kind) in [
        ("/services/chat", "Service"),
        ("/poddisruptionbudgets/chat", "PodDisruptionBudget"),
        ("/secrets/chat-admin", "Secret"),
    ] {
        let foreign = json!({ "metadata": { "name": "chat" } });
        let cluster = Cluster { objects: vec![(end, foreign)], ..Cluster::default() };
        let (context, cluster, _guard) = api_server(cluster).await;
        tick(&context, &minimal(), &mut Kept::default()).await.unwrap();
        let writes = std::mem::take(&mut cluster.lock().unwrap().writes);
        let touched: Vec<&str> = writes.iter().map(|(_, path, _)| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(touched, ["events", "status"], "{kind}");
        let reason = writes[1].2["status"]["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("a {kind} \"")) && reason.contains("rename"), "{reason}");
        assert_eq!(writes[0].2["reason"], "NameTaken");
    }
}

#[tokio::test]
async fn an_event_that_could_not_be_written_is_written_in_the_next_tick() {
    let chat_server = minimal();
    let ours = secret(chat_server.metadata.uid.as_deref().unwrap());
    let cluster = Cluster { objects: vec![ours], mute: true, ..Cluster::default() };
    let (context, cluster, _guard) = api_server(cluster).await;
    let mut kept = Kept::default();
    let failed = tick(&context, &chat_server, &mut kept).await.unwrap_err();
    assert!(failed.to_string().starts_with("can't write an event"), "{failed}");

    let deployment = {
        let mut cluster = cluster.lock().unwrap();
        let writes = std::mem::take(&mut cluster.writes);
        let end = |path: &str| writes.iter().position(|(_, written, _)| written.contains(path)).unwrap();
        assert!(end("/configmaps/chat-") < end("/deployments/chat"), "pods mount it");
        assert!(
            end("/deployments/chat") < end("/chatservers/chat/status"),
            "the status is written all the same"
        );
        cluster.mute = false;
        writes[end("/deployments/chat")].2.clone()
    };
    cluster.lock().unwrap().objects.push(("/deployments/chat", deployment));
    tick(&context, &chat_server, &mut kept).await.unwrap();
    let writes = std::mem::take(&mut cluster.lock().unwrap().writes);
    let events: Vec<&Value> =
        writes.iter().filter(|(_, path, _)| path.ends_with("/events")).map(|(_, _, event)| event).collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["reason"], "ScaledUp");
}

/// A Deployment of so many servers that belongs to the ChatServer.
fn deployment(chat_server: &ChatServer, replicas: i32) -> (&'static str, Value) {
    let uid = chat_server.metadata.uid.as_deref().unwrap();
    let owner =
        json!({ "apiVersion": "hubbub.dev/v1alpha1", "kind": "ChatServer", "name": "chat", "uid": uid });
    let deployment = json!({
        "metadata": { "name": "chat", "generation": 1, "ownerReferences": [owner] },
        "spec": { "replicas": replicas, "selector": {}, "template": {} },
        "status": { "observedGeneration": 1 },
    });
    ("/deployments/chat", deployment)
}

#[tokio::test]
async fn a_decision_that_is_as_the_last_is_neither_written_down_nor_told_again() {
    let mut chat_server = minimal();
    let ours = secret(chat_server.metadata.uid.as_deref().unwrap());
    let cluster = Cluster { objects: vec![ours, deployment(&chat_server, 1)], ..Cluster::default() };
    let (context, cluster, _guard) = api_server(cluster).await;
    let mut kept = Kept::default();
    for _ in 0..3 {
        tick(&context, &chat_server, &mut kept).await.unwrap();
    }
    assert_eq!(cluster.lock().unwrap().decisions().len(), 1);
    assert!(cluster.lock().unwrap().events().is_empty(), "nothing was changed");

    chat_server.spec.replicas = Some(4);
    tick(&context, &chat_server, &mut kept).await.unwrap();
    cluster.lock().unwrap().objects[1] = deployment(&chat_server, 4);
    tick(&context, &chat_server, &mut kept).await.unwrap();
    let mut cluster = cluster.lock().unwrap();
    let (_, _, status) = cluster.writes.iter().rfind(|(_, path, _)| path.ends_with("/status")).unwrap();
    let told = status["status"]["decisions"].as_array().unwrap();
    assert_eq!(told.len(), 2, "though the watch has not told of what was written: {told:?}");
    assert_eq!((&told[1]["from"], &told[1]["to"], &told[1]["owner"]), (&json!(1), &json!(4), &json!("User")));
    let decisions = cluster.decisions();
    // The second asks for 4 servers; that they are asked for is no news.
    assert_eq!(decisions.iter().map(|entry| entry.record.decision.replicas).collect::<Vec<_>>(), [1, 4]);
    assert!(decisions.iter().all(|entry| entry.record.again() == entry.record.decision));
    assert_eq!(cluster.events(), ["ScaledUp"]);
}

/// A chat-server with so many sessions, and what it was told.
async fn chat_server(address: [u8; 4], port: u16, sessions: u32) -> (u16, Shared, Guard) {
    let metrics = format!("hubbub_connections {sessions}\nhubbub_engine_up 1\nhubbub_drain_state 0\n");
    saying(address, port, metrics).await
}

/// A chat-server with these metrics, and what it was told.
async fn saying(address: [u8; 4], port: u16, metrics: String) -> (u16, Shared, Guard) {
    let told = Shared::default();
    let listener = TcpListener::bind((Ipv4Addr::from(address), port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = Router::new()
        .route("/metrics", get(async move || metrics))
        .fallback(async |State(told): State<Shared>, method: Method, uri: Uri, body: Bytes| {
            let body = serde_json::from_slice(&body).unwrap();
            told.lock().unwrap().writes.push((method, uri.path().to_owned(), body));
            axum::Json(json!({ "draining": false, "connections": 0 }))
        })
        .with_state(Arc::clone(&told));
    let server = tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    (port, told, Guard(server.abort_handle()))
}

/// An API server that has the Secret of a ChatServer, so that its servers can be told something.
async fn api_server_with_secret(resource: &ChatServer) -> (Context, Shared, Guard) {
    let ours = secret(resource.metadata.uid.as_deref().unwrap());
    api_server(Cluster { objects: vec![ours], ..Cluster::default() }).await
}

/// The ready pod of a chat-server.
fn running(name: &str, address: [u8; 4], template: &Value) -> Value {
    json!({
        "metadata": { "name": name, "labels": { "hubbub.dev/sessions": "take" }, "annotations": template },
        "status": {
            "phase": "Running",
            "podIP": Ipv4Addr::from(address).to_string(),
            "conditions": [{ "type": "Ready", "status": "True" }],
        },
    })
}

/// Has the Deployment made, as if it had asked for two servers for long, and gives back the annotations of its template.
async fn two_servers(context: &Context, cluster: &Shared, resource: &ChatServer) -> Value {
    tick(context, resource, &mut Kept::default()).await.unwrap();
    let mut cluster = cluster.lock().unwrap();
    let written = cluster.writes.iter().find(|(_, path, _)| path.ends_with("/deployments/chat"));
    let mut deployment = written.unwrap().2.clone();
    let template = deployment["spec"]["template"]["metadata"]["annotations"].clone();
    deployment["spec"]["replicas"] = json!(2);
    cluster.objects.push(("/deployments/chat", deployment));
    cluster.writes.clear();
    template
}

/// These are the pods from now on.
fn pods(cluster: &Shared, pods: &[Value]) {
    let mut cluster = cluster.lock().unwrap();
    cluster.objects.retain(|(end, _)| *end != "/pods");
    cluster.objects.push(("/pods", json!({ "metadata": {}, "items": pods })));
}

/// What was written to pods since the last time: their name and what was changed.
fn marks(cluster: &Shared) -> Vec<(String, Value)> {
    let mut cluster = cluster.lock().unwrap();
    let writes = std::mem::take(&mut cluster.writes);
    let marks = writes.into_iter().filter_map(|(_, path, change)| {
        let (kind, name) = path.rsplit_once('/')?;
        kind.ends_with("/pods").then(|| (name.to_owned(), change["metadata"].clone()))
    });
    marks.collect()
}

#[tokio::test]
async fn label_and_deletion_cost_of_a_server_that_is_to_go_are_written_once() {
    let mut resource = minimal();
    let (mut context, cluster, _guard) = api_server_with_secret(&resource).await;
    let (port, _, _full) = chat_server([127, 0, 0, 4], 0, 40).await;
    let (_, told, _idle) = chat_server([127, 0, 0, 5], port, 7).await;
    context.servers = Servers::new(port);
    let template = two_servers(&context, &cluster, &resource).await;
    let stays = running("chat-stays", [127, 0, 0, 4], &template);
    let mut goes = running("chat-goes", [127, 0, 0, 5], &template);
    pods(&cluster, &[stays.clone(), goes.clone()]);
    resource.spec.replicas = Some(1);
    let mut kept = Kept::default();
    tick(&context, &resource, &mut kept).await.unwrap();
    let written = marks(&cluster);
    let [(name, change)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((name.as_str(), &change["labels"]), ("chat-goes", &json!({ "hubbub.dev/sessions": "drain" })));
    assert_eq!(change["annotations"]["controller.kubernetes.io/pod-deletion-cost"], "-1000");

    goes["metadata"]["labels"] = change["labels"].clone();
    let since = change["annotations"]["hubbub.dev/draining-since"].clone();
    goes["metadata"]["annotations"]["hubbub.dev/draining-since"] = since;
    pods(&cluster, &[stays, goes]);
    for _ in 0..3 {
        tick(&context, &resource, &mut kept).await.unwrap();
    }
    assert_eq!(marks(&cluster), []);
    assert!(told.lock().unwrap().writes.iter().all(|(_, path, _)| path == "/admin/drain"));
}

#[tokio::test]
async fn in_a_rollout_the_service_sends_sessions_to_new_servers_only() {
    let resource = minimal();
    let (mut context, cluster, _guard) = api_server_with_secret(&resource).await;
    let (old, new) = ([127, 0, 0, 6], [127, 0, 0, 7]);
    let (port, told, _old) = chat_server(old, 0, 300).await;
    let (_, _, _new) = chat_server(new, port, 0).await;
    context.servers = Servers::new(port);
    let template = two_servers(&context, &cluster, &resource).await;
    let mut replaced = running("chat-old", old, &json!({ "hubbub.dev/template": "before" }));
    let replacing = running("chat-new", new, &template);
    pods(&cluster, &[replaced.clone(), replacing.clone()]);
    let mut kept = Kept::default();
    tick(&context, &resource, &mut kept).await.unwrap();
    let held = json!({ "labels": { "hubbub.dev/sessions": "hold" } });
    assert_eq!(marks(&cluster), [("chat-old".to_owned(), held.clone())]);

    replaced["metadata"]["labels"] = held["labels"].clone();
    pods(&cluster, &[replaced.clone(), replacing]);
    tick(&context, &resource, &mut kept).await.unwrap();
    assert_eq!(marks(&cluster), []);
    // The new one is gone, and another operator leads.
    pods(&cluster, &[replaced]);
    tick(&context, &resource, &mut Kept::default()).await.unwrap();
    assert_eq!(
        marks(&cluster),
        [("chat-old".to_owned(), json!({ "labels": { "hubbub.dev/sessions": "take" } }))]
    );
    assert_eq!(told.lock().unwrap().writes, [], "its own sessions stay");
}

#[tokio::test]
async fn a_server_above_the_average_is_told_to_shed_by_whichever_operator_looks() {
    let resource = minimal();
    let (mut context, cluster, _guard) = api_server_with_secret(&resource).await;
    let (full, new) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    let (port, full_was_told, _full) = chat_server(full, 0, 900).await;
    let (_, new_was_told, _new) = chat_server(new, port, 100).await;
    context.servers = Servers::new(port);
    let start = Timestamp::now();
    let at = |seconds| start + SignedDuration::from_secs(seconds);
    let template = two_servers(&context, &cluster, &resource).await;
    pods(&cluster, &[running("chat-full", full, &template), running("chat-new", new, &template)]);

    // Two operators, the second of which knows nothing of the first: it waits for as long as a round takes.
    for (operator, later) in [0, 1_000].into_iter().enumerate() {
        let mut kept = Kept::default();
        for second in [0, 11, 12, 13] {
            Box::pin(reconcile(&context, &resource, &mut kept, at(later + second))).await.unwrap();
        }
        let shed = (Method::POST, "/admin/shed".to_owned(), json!({ "sessions": 400, "overSeconds": 10 }));
        assert_eq!(full_was_told.lock().unwrap().writes, vec![shed; operator + 1]);
    }
    assert_eq!(new_was_told.lock().unwrap().writes, []);
    let cluster = cluster.lock().unwrap();
    let told = |(_, path, event): &&(Method, String, Value)| {
        path.ends_with("/events") && event["reason"] == "Rebalancing"
    };
    assert_eq!(cluster.writes.iter().filter(told).count(), 2, "one each");
    let held = |(_, path, change): &(Method, String, Value)| {
        path.ends_with("/pods/chat-full") && change["metadata"]["labels"]["hubbub.dev/sessions"] == "hold"
    };
    assert!(cluster.writes.iter().any(held));
}

#[tokio::test]
async fn servers_whose_timers_are_late_get_help_and_one_that_lies_about_it_is_not_believed() {
    let mut resource = minimal();
    resource.spec.scaling.signals.event_loop_lag_milliseconds = Some(50);
    let (mut context, cluster, _guard) = api_server_with_secret(&resource).await;
    let metrics = |lag: &str| {
        format!(
            "hubbub_connections 90\nhubbub_send_queue_bytes 0\nhubbub_event_loop_lag_seconds {lag}\n\
             hubbub_accept_rate 0\nhubbub_refused_total{{reason=\"full\"}} 0\nhubbub_engine_up 1\nhubbub_drain_state 0\n"
        )
    };
    let (late, later, liar) = ([127, 0, 0, 2], [127, 0, 0, 3], [127, 0, 0, 4]);
    let (port, _, _late) = saying(late, 0, metrics("0.06")).await;
    let (_, _, _later) = saying(later, port, metrics("0.2")).await;
    let (_, _, _liar) = saying(liar, port, metrics("-1e300")).await;
    context.servers = Servers::new(port);
    let template = two_servers(&context, &cluster, &resource).await;
    let reason = async |servers: [[u8; 4]; 2]| {
        let running = [running("chat-a", servers[0], &template), running("chat-b", servers[1], &template)];
        pods(&cluster, &running);
        tick(&context, &resource, &mut Kept::default()).await.unwrap();
        let mut cluster = cluster.lock().unwrap();
        let writes = std::mem::take(&mut cluster.writes);
        let (_, _, status) = writes.iter().rfind(|(_, path, _)| path.ends_with("/status")).unwrap();
        let status = &status["status"];
        (status["desiredReplicas"].clone(), status["reason"].as_str().unwrap().to_owned())
    };
    let (servers, why) = reason([late, later]).await;
    assert_eq!(
        (servers, why.as_str()),
        (json!(6), "a mean event-loop lag of 130 ms needs 6 servers at 50 ms each")
    );
    let (servers, why) = reason([late, liar]).await;
    assert_eq!(servers, json!(2), "{why}");
}

#[tokio::test]
async fn a_problem_is_one_event_however_often_it_is_met() {
    let foreign = json!({ "metadata": { "name": "chat" } });
    let cluster = Cluster { objects: vec![("/services/chat", foreign)], ..Cluster::default() };
    let (context, cluster, _guard) = api_server(cluster).await;
    let mut kept = Kept::default();
    for _ in 0..3 {
        // The watch does not tell of the status that was written.
        tick(&context, &minimal(), &mut kept).await.unwrap();
    }
    assert_eq!(cluster.lock().unwrap().events(), ["NameTaken"]);
}
