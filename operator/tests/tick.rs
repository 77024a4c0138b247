//! Whole ticks against an API server that is made up: what is asked of it, and what is not.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hubbub_operator::crd::ChatServer;
use hubbub_operator::reconcile::{Context, Kept, TickError, reconcile};
use hubbub_operator::servers::Servers;
use hubbub_operator::telemetry::Telemetry;
use k8s_openapi::jiff::Timestamp;
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
