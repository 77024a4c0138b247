//! How a session begins, and how it does not.

use std::time::Duration;

use futures::StreamExt;
use hubbub_protocol::{ClientFrame, CloseCode, ErrorCode, Limits, SUBPROTOCOL, ServerFrame, User};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Connect, TestServer, config, room};

#[tokio::test]
async fn a_hello_without_a_token_makes_a_guest_whose_token_is_told() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    one.say(&ClientFrame::Hello { token: None, resume: vec![] }).await;
    let welcome = one.next().await;
    let ServerFrame::Welcome { user, token: Some(token), limits, server: id, .. } = welcome else {
        panic!("{welcome:?}")
    };
    assert_eq!(limits, Limits::CURRENT);
    assert!(id.to_string().starts_with("test-"), "{id}");
    let number = user.name.as_str().strip_prefix("Guest ").unwrap();
    assert!(number.len() == 4 && number.parse::<u16>().is_ok(), "{number}");
    let mut again = server.connect().await;
    assert_eq!(again.hello(Some(token), vec![]).await, (user, None));
}

#[tokio::test]
async fn what_is_said_right_behind_hello_is_answered_behind_the_welcome() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    one.say(&ClientFrame::Hello { token: None, resume: vec![] }).await;
    one.say(&ClientFrame::Rename { name: "Ada".parse().unwrap() }).await;
    one.say(&ClientFrame::Join { room: room("tea"), history: 50 }).await;
    let ServerFrame::Welcome { user, .. } = one.next().await else { panic!("no welcome") };
    assert!(matches!(one.next().await, ServerFrame::Renamed { .. }));
    let ServerFrame::Joined { members, .. } = one.next().await else { panic!("not joined") };
    assert_eq!(members, [User { id: user.id, name: "Ada".parse().unwrap() }]);
}

#[tokio::test]
async fn what_is_said_right_behind_a_refused_hello_is_not_done() {
    let server = TestServer::default().await;
    let mut there = server.guest().await;
    there.join("tea").await;
    let mut one = server.connect().await;
    one.say_text(r#"{"type":"hello","token":"nobody's"}"#).await;
    one.say(&ClientFrame::Join { room: room("tea"), history: 50 }).await;
    one.refused(ErrorCode::BadToken, CloseCode::BadToken.code()).await;
    let ServerFrame::Joined { count, .. } = there.join("tea").await else { panic!("not joined") };
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_token_that_is_nobodys_is_refused() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    one.say_text(r#"{"type":"hello","token":"nobody's"}"#).await;
    one.refused(ErrorCode::BadToken, CloseCode::BadToken.code()).await;
}

#[tokio::test]
async fn a_first_frame_that_is_no_hello_is_refused() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    one.say(&ClientFrame::Ping).await;
    one.refused(ErrorCode::HelloFirst, CloseCode::BadHello.code()).await;
    let mut two = server.connect().await;
    two.say_text("hi").await;
    two.refused(ErrorCode::BadJson, CloseCode::BadHello.code()).await;
}

#[tokio::test]
async fn a_resume_of_too_many_rooms_is_no_valid_hello() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let rooms: Vec<_> = (0..101).map(|n| format!(r#"{{"room":"r{n}","epoch":"e","offset":0}}"#)).collect();
    one.say_text(&format!(r#"{{"type":"hello","resume":[{}]}}"#, rooms.join(","))).await;
    one.refused(ErrorCode::TooManyRooms, CloseCode::BadHello.code()).await;
}

#[tokio::test]
async fn who_says_nothing_is_sent_away_in_time() {
    let mut config = config(&[]);
    assert_eq!(config.timing.hello, Duration::from_secs(10));
    config.timing.hello = Duration::from_millis(50);
    let server = TestServer::start(config).await;
    let mut one = server.connect().await;
    one.refused(ErrorCode::HelloTimeout, CloseCode::HelloTimeout.code()).await;
}

#[tokio::test]
async fn a_second_hello_is_an_error_that_the_session_survives() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.say(&ClientFrame::Hello { token: None, resume: vec![] }).await;
    assert_eq!(one.error().await.code, ErrorCode::SecondHello);
    assert_eq!(one.until_pong().await, []);
}

#[tokio::test]
async fn sockets_are_pinged_and_a_silent_one_is_closed() {
    let mut config = config(&[]);
    assert_eq!((config.timing.ping, config.timing.pings_missed), (Duration::from_secs(25), 2));
    config.timing.ping = Duration::from_millis(30);
    let server = TestServer::start(config).await;
    // Reading answers the pings, so this one lives while many intervals go by.
    let mut lively = server.guest().await;
    let mut pings = 0;
    while pings < 5 {
        if matches!(lively.socket.next().await, Some(Ok(Message::Ping(_)))) {
            pings += 1;
        }
    }
    let _silent = Client::guest(server.ports.public).await;
    let alive = async {
        loop {
            lively.until_pong().await;
        }
    };
    tokio::select! {
        () = server.metric_is("hubbub_closed_total{code=\"4003\"}", 1.0) => {}
        () = alive => {}
    }
    assert_eq!(lively.until_pong().await, []);
}

#[tokio::test]
async fn the_subprotocol_is_agreed_on() {
    let server = TestServer::default().await;
    let connect = |protocols| Connect::with(server.ports.public, protocols).open();
    assert!(connect(&[("sec-websocket-protocol", "chat, hubbub.v1")]).await.is_ok());
    assert!(connect(&[]).await.is_ok(), "who offers nothing takes what there is");
    assert!(connect(&[("sec-websocket-protocol", "chat")]).await.is_err());
    assert_eq!(SUBPROTOCOL, "hubbub.v1");
}
