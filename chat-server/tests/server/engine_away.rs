//! The engine does not answer: who asks is told so, and nobody is closed.

use hubbub_protocol::{ClientFrame, CloseCode, ErrorCode, ResumeFrom, ServerFrame};

use crate::support::{TestServer, config, request, room};

#[tokio::test]
async fn a_send_gets_an_error_that_says_when_to_try_again_and_the_same_id_then_works() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    engine.set_away(true);
    let id = one.send("lobby", "hi").await;
    let error = one.error().await;
    assert_eq!((error.code, error.reference), (ErrorCode::EngineUnavailable, Some(id.to_string())));
    assert_eq!(error.retry_after_ms, Some(1_000));
    one.say(&ClientFrame::Join { room: room("other"), history: 0 }).await;
    let error = one.error().await;
    assert_eq!((error.code, error.reference.as_deref()), (ErrorCode::EngineUnavailable, Some("other")));
    server.metric_is("hubbub_engine_up", 0.0).await;
    assert_eq!(server.private("/readyz").await.status, 200, "all servers would agree, and that helps nobody");
    engine.set_away(false);
    one.send_as(id, "lobby", "hi").await;
    assert_eq!(one.message().await.id, id);
    one.join("other").await;
}

#[tokio::test]
async fn a_rename_can_be_tried_again() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    engine.set_away(true);
    one.say_text(r#"{"type":"rename","name":"Ada"}"#).await;
    assert_eq!(one.error().await.code, ErrorCode::EngineUnavailable);
    engine.set_away(false);
    one.say_text(r#"{"type":"rename","name":"Ada"}"#).await;
    one.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await;
}

#[tokio::test]
async fn who_leaves_meanwhile_has_left() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let (mut one, mut two) = (server.guest().await, server.guest().await);
    one.join("lobby").await;
    two.join("lobby").await;
    engine.set_away(true);
    one.say(&ClientFrame::Leave { room: room("lobby") }).await;
    one.find(|frame| matches!(frame, ServerFrame::Left { .. })).await;
    engine.set_away(false);
    two.send("lobby", "hi").await;
    two.message().await;
    assert_eq!(one.until_pong().await, [], "it hears nothing of the room any more");
}

#[tokio::test]
async fn who_comes_meanwhile_is_not_let_in_and_keeps_its_places() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.connect().await;
    let (_, token) = one.hello(None, vec![]).await;
    let joined = one.join("lobby").await;
    let ServerFrame::Joined { epoch, offset, .. } = joined else { panic!("{joined:?}") };
    let hello = ClientFrame::Hello { token, resume: vec![ResumeFrom { room: room("lobby"), epoch, offset }] };
    let mut two = server.connect().await;
    engine.set_away(true);
    let refused = server.ask_for_socket(None).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "engineUnavailable"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    server.metric_is("hubbub_refused_total{reason=\"engine\"}", 1.0).await;
    two.say(&hello).await;
    two.refused(ErrorCode::EngineUnavailable, 1013).await;
    engine.set_away(false);
    let mut two = server.connect().await;
    two.say(&hello).await;
    two.find(|frame| matches!(frame, ServerFrame::Joined { recovered: true, .. })).await;
}

#[tokio::test]
async fn who_is_told_to_move_meanwhile_keeps_its_session() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    engine.set_away(true);
    // Closed at once, were there a server that takes it.
    server.admin("/admin/shed", r#"{"sessions":1,"overSeconds":0}"#).await;
    one.find(|frame| matches!(frame, ServerFrame::Reconnect { .. })).await;
    one.until_pong().await;
    engine.set_away(false);
    one.send("lobby", "still here").await;
    one.message().await;
}

#[tokio::test]
async fn a_server_that_is_emptied_meanwhile_keeps_its_people_until_others_take_them() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    engine.set_away(true);
    server.admin("/admin/drain", r#"{"overSeconds":0}"#).await;
    one.find(|frame| matches!(frame, ServerFrame::Reconnect { .. })).await;
    one.until_pong().await;
    engine.set_away(false);
    assert_eq!(one.closed().await, CloseCode::Drain.code());
}

#[tokio::test]
async fn a_guest_can_not_be_made() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    engine.set_away(true);
    assert_eq!(server.private("/readyz").await.problem(), "engineUnavailable", "it was never reached");
    let body = r#"{"id":"b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11","name":"Ada"}"#;
    let answer = request(server.ports.public, "POST", "/api/v1/guests", &[], body).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "engineUnavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}
