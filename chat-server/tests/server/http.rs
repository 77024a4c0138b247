//! The page, the API, and what the private port tells.

use hubbub_protocol::{
    CloseCode,
    http::{GuestCreated, PageConfig},
    metrics,
};

use crate::support::{TestServer, config, page, request};

const ID: &str = "b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11";

async fn post(server: &TestServer, body: &str) -> crate::support::Answer {
    request(server.ports.public, "POST", "/api/v1/guests", &[("content-type", "application/json")], body)
        .await
}

#[tokio::test]
async fn a_guest_gets_a_token_to_speak_with() {
    let server = TestServer::default().await;
    let answer = post(&server, &format!(r#"{{"id":"{ID}","name":" Ada "}}"#)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let GuestCreated { user, token } = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((user.id.to_string().as_str(), user.name.as_str()), (ID, "Ada"));
    assert_eq!(server.connect().await.hello(Some(token), vec![]).await.0, user);
    let answer = post(&server, &format!(r#"{{"id":"{ID}","name":"Eve"}}"#)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (409, "guestTaken"));
}

#[tokio::test]
async fn a_wrong_body_is_told_what_is_wrong_with_it() {
    let server = TestServer::default().await;
    let long = "x".repeat(41);
    let cases = [
        ("", 400, "badJson", "not JSON"),
        ("{", 400, "badJson", "not JSON"),
        ("{}", 400, "missingField", "`id`"),
        (r#"{"id":"7","name":"Ada"}"#, 400, "badField", "id: "),
        (&format!(r#"{{"id":"{ID}"}}"#), 400, "missingField", "`name`"),
        (&format!(r#"{{"id":"{ID}","name":7}}"#), 400, "badField", "name: "),
        (&format!(r#"{{"id":"{ID}","name":" "}}"#), 400, "emptyName", "name is empty"),
        (&format!(r#"{{"id":"{ID}","name":"{long}"}}"#), 400, "nameTooLong", "40 are allowed"),
        (&format!(r#"{{"id":"{ID}","name":"a\nb"}}"#), 400, "controlCharacter", "control character"),
        (&"x".repeat(20_000), 413, "frameTooLong", "16384 bytes"),
    ];
    for (body, status, problem, part) in cases {
        let answer = post(&server, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{body:.60}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let server = TestServer::default().await;
    for path in ["/api", "/api/v1/nothing", "/nothing"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "notFound"), "{path}");
    }
    let answer = server.get("/api/v1/guests").await;
    assert_eq!((answer.status, answer.problem().as_str()), (405, "notFound"));
    assert_eq!(answer.header("allow"), Some("POST"));
    let answer = request(server.ports.public, "POST", "/ws", &[], "").await;
    assert_eq!((answer.status, answer.problem().as_str()), (405, "badField"));
    assert_eq!(answer.header("allow"), Some("GET"));
    assert_eq!(server.private("/nothing").await.problem(), "notFound");
}

#[tokio::test]
async fn the_page_comes_with_what_keeps_it_safe() {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path());
    let flags = ["--web", folder.path().to_str().unwrap(), "--name-api", "http://names.test:81/api/"];
    let server = TestServer::start(config(&flags)).await;
    // Every address that is not something else is the page.
    for path in ["/", "/index.html", "/room/lobby"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("<title>Hubbub</title>"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        let host = server.ports.public;
        let connect = format!("connect-src 'self' ws://{host} wss://{host} http://names.test:81;");
        assert!(policy.contains(&connect), "{policy}");
    }
    let asset = server.get("/assets/index-abc123.js").await;
    assert_eq!(asset.status, 200);
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(asset.header("content-type"), Some("text/javascript"));
    // No file system takes such a name: an answer that tells of trouble is not to be kept.
    let trouble = server.get(&format!("/assets/{}", "x".repeat(300))).await;
    assert_eq!(trouble.status, 500);
    assert_eq!(trouble.header("cache-control"), Some("no-cache"));
    let missing = server.get("/assets/index-old.js").await;
    assert_eq!((missing.status, missing.problem().as_str()), (404, "notFound"));
    assert_eq!(server.get("/api/nothing").await.problem(), "notFound");
    let outside = server.get("/../../../../../../etc/hostname").await;
    assert!(outside.body.contains("<title>Hubbub</title>"), "nothing outside the folder: {}", outside.body);
}

#[tokio::test]
async fn the_page_is_told_what_it_has_to_know() {
    let server = TestServer::start(config(&["--default-room", "küche"])).await;
    let answer = server.get("/config.json").await;
    let page: PageConfig = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(page.default_room, "küche");
    assert_eq!(page.name_api, "https://randomuser.me/api/");
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn the_metrics_have_the_names_that_the_operator_reads_and_the_right_values() {
    let server = TestServer::start(config(&["--max-connections", "7"])).await;
    let mut one = server.guest().await;
    let mut two = server.guest().await;
    one.join("lobby").await;
    two.join("lobby").await;
    one.send("lobby", "hi").await;
    one.message().await;
    two.message().await;
    server.metric_is(metrics::CONNECTIONS, 2.0).await;
    server.metric_is(metrics::CAPACITY, 7.0).await;
    server.metric_is(metrics::ROOMS, 1.0).await;
    server.metric_is(metrics::PUBLISHED, 1.0).await;
    assert!(server.metric(metrics::DELIVERIES).await >= 4.0, "two joined, two messages");
    server.metric_is(metrics::SEND_QUEUE_BYTES, 0.0).await;
    server.metric_is(metrics::ACCEPTED, 2.0).await;
    // Two within three seconds at least.
    assert!(server.metric(metrics::ACCEPT_RATE).await <= 2.0 / 3.0 + f64::EPSILON);
    for reason in metrics::Refusal::ALL {
        server.metric_is(&format!("{}{{reason=\"{}\"}}", metrics::REFUSED, reason.as_str()), 0.0).await;
    }
    assert!(server.metric(metrics::EVENT_LOOP_LAG).await >= 0.0);
    server.metric_is(metrics::ENGINE_UP, 1.0).await;
    server.metric_is(metrics::DRAIN_STATE, 0.0).await;
    for code in CloseCode::ALL {
        server.metric_is(&format!("{}{{code=\"{}\"}}", metrics::CLOSED, code.code()), 0.0).await;
    }
}

#[tokio::test]
async fn a_server_that_runs_is_alive_and_ready() {
    let server = TestServer::default().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.private(path).await.status, 200, "{path}");
    }
    assert_ne!(server.get("/metrics").await.status, 200, "not for the world");
}
