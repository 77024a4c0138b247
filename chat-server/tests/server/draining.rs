//! A server that goes sends its sessions away first.

use hubbub_protocol::{CloseCode, ServerFrame, admin::AdminState};

use crate::support::{Answer, Connect, TestServer, config, request};

fn state(answer: &Answer) -> AdminState {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// A server that is one of several: it hands its sessions over when it ends.
async fn one_of_several(flags: &[&str]) -> TestServer {
    let flags = [&["--engine", "redis", "--redis-url", "redis://127.0.0.1:1"], flags].concat();
    TestServer::start_on(config(&flags), |_| true).await.0
}

#[tokio::test]
async fn a_drain_tells_everyone_when_to_go_and_lets_nobody_in() {
    let server = TestServer::default().await;
    let mut clients = [server.guest().await, server.guest().await, server.guest().await];
    let drained = server.admin("/admin/drain", r#"{"overSeconds":600}"#).await;
    assert_eq!(state(&drained), AdminState { draining: true, connections: 3 });
    let mut delays = Vec::new();
    for client in &mut clients {
        let told = client.next().await;
        let ServerFrame::Reconnect { delay_ms, .. } = told else { panic!("{told:?}") };
        delays.push(delay_ms);
    }
    delays.sort_unstable();
    // Each has a third of nine tenths of the time for itself.
    for (delay, share) in delays.into_iter().zip([0..=180_000, 180_000..=360_000, 360_000..=540_000]) {
        assert!(share.contains(&delay), "{delay} in {share:?}");
    }
    let answer = server.get("/ws").await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "draining"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    let ready = server.private("/readyz").await;
    assert_eq!((ready.status, ready.problem().as_str()), (503, "draining"));
    server.metric_is("hubbub_refused_total{reason=\"draining\"}", 1.0).await;
    server.metric_is("hubbub_drain_state", 1.0).await;
    for client in clients {
        client.leave_page().await;
    }
    server.metric_is("hubbub_drain_state", 2.0).await;
}

#[tokio::test]
async fn at_the_deadline_who_is_left_is_closed() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    server.admin("/admin/drain", r#"{"overSeconds":0}"#).await;
    assert_eq!(one.closed().await, CloseCode::Drain.code());
}

#[tokio::test]
async fn a_drain_can_be_ended() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    server.admin("/admin/drain", r#"{"overSeconds":600}"#).await;
    let resumed = server.admin("/admin/resume", "").await;
    assert_eq!(state(&resumed), AdminState { draining: false, connections: 1 });
    assert_eq!(server.private("/readyz").await.status, 200);
    server.metric_is("hubbub_drain_state", 0.0).await;
    server.guest().await;
    one.join("lobby").await;
}

#[tokio::test]
async fn shedding_sends_some_away_and_goes_on() {
    let server = TestServer::default().await;
    let mut clients = [server.guest().await, server.guest().await, server.guest().await];
    let shed = server.admin("/admin/shed", r#"{"sessions":2,"overSeconds":600}"#).await;
    assert_eq!(state(&shed), AdminState { draining: false, connections: 3 });
    let mut told = 0;
    for client in &mut clients {
        let frames = client.until_pong().await;
        told += frames.iter().filter(|frame| matches!(frame, ServerFrame::Reconnect { .. })).count();
    }
    assert_eq!(told, 2);
    server.guest().await;
    assert_eq!(server.private("/readyz").await.status, 200);
}

#[tokio::test]
async fn admin_calls_need_the_token() {
    let server = TestServer::default().await;
    for path in ["/admin/drain", "/admin/resume", "/admin/shed"] {
        for headers in [&[][..], &[("authorization", "Bearer wrong-wrong-wrong")]] {
            let answer = request(server.ports.private, "POST", path, headers, "{}").await;
            assert_eq!((answer.status, answer.problem().as_str()), (401, "badToken"), "{path}");
        }
    }
    assert_eq!(server.admin("/admin/drain", "{}").await.problem(), "missingField");
    assert_eq!(server.admin("/admin/drain", r#"{"over":1}"#).await.problem(), "badField");
    assert_eq!(server.private("/readyz").await.status, 200);
}

#[tokio::test]
async fn without_a_token_there_are_no_admin_calls() {
    let mut config = config(&[]);
    config.admin_token = None;
    let server = TestServer::start(config).await;
    assert_eq!(server.admin("/admin/drain", r#"{"overSeconds":0}"#).await.problem(), "notFound");
}

#[tokio::test]
async fn a_server_alone_ends_at_once_and_says_so() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    server.stop();
    assert_eq!(one.closed().await, CloseCode::ServerGoing.code());
    server.ended().await;
}

#[tokio::test]
async fn one_of_several_servers_ends_when_its_sessions_are_gone() {
    let server = one_of_several(&["--drain-seconds", "600"]).await;
    let mut one = server.guest().await;
    server.stop();
    one.find(|frame| matches!(frame, ServerFrame::Reconnect { .. })).await;
    assert_eq!(server.private("/readyz").await.problem(), "draining");
    assert!(Connect::to(server.ports.public).await.is_err());
    one.leave_page().await;
    server.ended().await;
}

#[tokio::test]
async fn a_server_that_is_about_to_end_can_not_be_resumed() {
    let server = one_of_several(&["--drain-seconds", "600"]).await;
    let mut one = server.guest().await;
    server.stop();
    one.find(|frame| matches!(frame, ServerFrame::Reconnect { .. })).await;
    let resumed = server.admin("/admin/resume", "").await;
    assert_eq!(state(&resumed), AdminState { draining: true, connections: 1 });
    assert!(Connect::to(server.ports.public).await.is_err());
    one.leave_page().await;
    server.ended().await;
}

#[tokio::test]
async fn one_of_several_servers_ends_at_the_deadline() {
    let server = one_of_several(&["--drain-seconds", "0"]).await;
    let mut one = server.guest().await;
    server.stop();
    assert_eq!(one.closed().await, CloseCode::Drain.code());
    server.ended().await;
}
