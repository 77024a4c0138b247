//! What a session survives, with an error that names the field and the limit; and what it does not.

use futures::{SinkExt, StreamExt};
use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode, MessageId,
    limits::{FRAME_BYTES, FRAME_BYTES_READ, ROOMS_PER_SESSION},
};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{Role, WebSocketConfig},
};

use crate::support::{TestServer, room};

/// Frames that are answered with an error after which the session goes on.
#[tokio::test]
async fn what_a_well_meaning_client_could_send_is_answered_and_survived() {
    use ErrorCode as E;
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let long = "x".repeat(5_000);
    let id = MessageId::random();
    let send =
        |room: &str, text: &str| format!(r#"{{"type":"send","id":"{id}","room":"{room}","text":"{text}"}}"#);
    let rename = |name: &str| format!(r#"{{"type":"rename","name":"{name}"}}"#);
    let join = |room: &str| format!(r#"{{"type":"join","room":"{room}"}}"#);
    let cases = [
        ("hi".to_owned(), E::BadJson, "not a JSON object"),
        ("[]".to_owned(), E::BadJson, "not a JSON object"),
        (
            format!(r#"{{"type":"ping","x":"{}"}}"#, "x".repeat(FRAME_BYTES)),
            E::FrameTooLong,
            "65536 are allowed",
        ),
        (r#"{"type":"shout"}"#.to_owned(), E::UnknownType, "\"shout\""),
        ("{}".to_owned(), E::UnknownType, "type is missing"),
        (r#"{"type":"join"}"#.to_owned(), E::MissingField, "room is missing"),
        (r#"{"type":"join","room":7}"#.to_owned(), E::BadField, "room: "),
        (r#"{"type":"join","room":"a","history":501}"#.to_owned(), E::BadField, "500 are allowed"),
        (send("lobby", "hi").replace(&id.to_string(), "7"), E::BadField, "id is not a GUID"),
        (rename(" "), E::EmptyName, "name is empty"),
        (rename(&long), E::NameTooLong, "name has 5000 characters; 40 are allowed"),
        (rename("a\\u0007"), E::ControlCharacter, "name has a control character"),
        (join(""), E::EmptyRoom, "room is empty"),
        (join(&long), E::RoomTooLong, "64 are allowed"),
        (join("a b"), E::BadRoom, "room may have only letters"),
        (send("lobby", " "), E::EmptyText, "text is empty"),
        (send("lobby", &long), E::TextTooLong, "4000 are allowed"),
        (send("elsewhere", "hi"), E::NotJoined, "elsewhere"),
        (r#"{"type":"leave","room":"elsewhere"}"#.to_owned(), E::NotJoined, "elsewhere"),
        (r#"{"type":"typing","room":"elsewhere"}"#.to_owned(), E::NotJoined, "elsewhere"),
    ];
    for (text, code, part) in cases {
        one.say_text(&text).await;
        let error = one.error().await;
        assert_eq!(error.code, code, "{}", error.message);
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(error.retry_after_ms, None);
    }
    one.send("lobby", "still here").await;
    assert_eq!(one.message().await.text.as_str(), "still here");
}

#[tokio::test]
async fn an_error_tells_what_it_is_about() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    let id = one.send("lobby", "hi").await;
    assert_eq!(one.error().await.reference, Some(id.to_string()));
    one.say(&ClientFrame::Leave { room: room("lobby") }).await;
    assert_eq!(one.error().await.reference.as_deref(), Some("lobby"));
}

#[tokio::test]
async fn the_room_after_the_hundredth_is_refused_and_the_hundred_stay() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    for number in 0..ROOMS_PER_SESSION {
        one.join(&format!("room-{number}")).await;
    }
    one.say(&ClientFrame::Join { room: room("one-too-many"), history: 0 }).await;
    let error = one.error().await;
    assert_eq!(error.code, ErrorCode::TooManyRooms);
    assert_eq!(error.reference.as_deref(), Some("one-too-many"));
    one.join("room-7").await;
    one.say(&ClientFrame::Leave { room: room("room-7") }).await;
    one.join("one-too-many").await;
}

#[tokio::test]
async fn a_binary_frame_ends_the_session() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.say_message(Message::binary(vec![1, 2, 3])).await;
    one.refused(ErrorCode::BadJson, CloseCode::Protocol.code()).await;
}

#[tokio::test]
async fn a_frame_that_is_no_utf_8_ends_the_session() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    // A text frame that a library would not send: of an unmasked byte 0xff, with the mask 0.
    let raw = [0x81, 0x81, 0, 0, 0, 0, 0xff];
    tokio::io::AsyncWriteExt::write_all(one.socket.get_mut(), &raw).await.unwrap();
    one.refused(ErrorCode::BadJson, CloseCode::Protocol.code()).await;
}

#[tokio::test]
async fn a_frame_of_an_absurd_size_ends_the_session_unread() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    // Only its head, which tells its size: what follows need not come for the answer to come.
    let size = FRAME_BYTES_READ as u64 + 1;
    let mut head = vec![0x81, 0x80 | 127];
    head.extend(size.to_be_bytes());
    head.extend([0; 4]);
    tokio::io::AsyncWriteExt::write_all(one.socket.get_mut(), &head).await.unwrap();
    one.refused(ErrorCode::FrameTooLong, CloseCode::Protocol.code()).await;
}

#[tokio::test]
async fn a_frame_just_below_the_absurd_size_is_survived() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.say_text(&"x".repeat(FRAME_BYTES_READ)).await;
    assert_eq!(one.error().await.code, ErrorCode::FrameTooLong);
    assert_eq!(one.until_pong().await, []);
}

#[tokio::test]
async fn frames_that_are_not_masked_end_the_session() {
    let server = TestServer::default().await;
    let one = server.guest().await;
    // A server's side of a socket does not mask.
    let socket = one.socket.into_inner();
    let config = Some(WebSocketConfig::default());
    let mut odd = tokio_tungstenite::WebSocketStream::from_raw_socket(socket, Role::Server, config).await;
    odd.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    // It reads what servers send as an error of its own; that the server let go is what counts.
    while let Some(Ok(_)) = odd.next().await {}
    server.metric_is("hubbub_closed_total{code=\"4103\"}", 1.0).await;
}
