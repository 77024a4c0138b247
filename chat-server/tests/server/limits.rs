//! Who goes too fast is told so, and others notice nothing.

use std::time::Duration;

use hubbub_protocol::{ClientFrame, CloseCode, ErrorCode, MessageId, SUBPROTOCOL, ServerFrame, UserName};

use crate::support::{Client, Connect, TestServer, config, request, room};

async fn with(rates: &str) -> TestServer {
    TestServer::start(config(&["--rate", rates, "--trusted-proxy", "127.0.0.1"])).await
}

/// Opens a WebSocket as a client behind the proxy.
async fn from(server: &TestServer, address: &str) -> Result<Client, u16> {
    let headers = [("sec-websocket-protocol", SUBPROTOCOL), ("x-forwarded-for", address)];
    match Connect::with(server.ports.public, &headers).open().await {
        Ok(client) => Ok(client),
        Err(error) => match *error {
            tokio_tungstenite::tungstenite::Error::Http(answer) => Err(answer.status().as_u16()),
            other => panic!("{other}"),
        },
    }
}

async fn make_guest(server: &TestServer, address: &str) -> crate::support::Answer {
    let body = format!(r#"{{"id":"{}","name":"Ada"}}"#, MessageId::random());
    let headers = [("x-forwarded-for", address)];
    request(server.ports.public, "POST", "/api/v1/guests", &headers, &body).await
}

#[tokio::test]
async fn messages_that_come_too_fast_are_refused_and_told_when_to_come_again() {
    let server = with("changes=1/s+3").await;
    let (mut one, mut other) = (server.guest().await, server.guest().await);
    one.join("lobby").await;
    other.join("lobby").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(one.send("lobby", "hi").await);
    }
    let mut waits = Vec::new();
    for id in &ids[3..] {
        let error = one.error().await;
        assert_eq!((error.code, error.reference), (ErrorCode::TooFast, Some(id.to_string())));
        assert!(error.message.contains("messages") && error.message.contains("1/s+3"), "{}", error.message);
        waits.push(error.retry_after_ms.unwrap());
    }
    assert!(waits.is_sorted() && waits[2] > waits[0] + 1_000, "one after the other: {waits:?}");
    // What was allowed is there for all, and another's message is too.
    for id in &ids[..3] {
        assert_eq!(other.message().await.id, *id);
    }
    let own = other.send("lobby", "hello").await;
    one.find(|frame| matches!(frame, ServerFrame::Message(message) if message.id == own)).await;
}

#[tokio::test]
async fn each_kind_of_frame_has_its_rate() {
    let server = with("joins=1/min+2,typing=1/min+1,renames=1/min+1,reads=1/min+1").await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let name = UserName::parse("Ada").unwrap();
    let frames = [
        (ClientFrame::Join { room: room("tea"), history: 0 }, Some("tea"), true),
        (ClientFrame::Rename { name }, None, true),
        (ClientFrame::Typing { room: room("lobby") }, None, false),
        (ClientFrame::Read { room: room("lobby"), offset: 0 }, None, false),
    ];
    for (frame, reference, again) in frames {
        one.say(&frame).await;
        one.say(&frame).await;
        let too_fast = |said: &ServerFrame| matches!(said, ServerFrame::Error(error) if error.code == ErrorCode::TooFast);
        let ServerFrame::Error(error) = one.find(too_fast).await else { unreachable!("it was looked for") };
        assert_eq!(error.reference.as_deref(), reference, "{frame:?}");
        assert_eq!(error.retry_after_ms.is_some(), again, "{frame:?}");
    }
    one.send("lobby", "still here").await;
    assert_eq!(one.message().await.text.as_str(), "still here");
}

#[tokio::test]
async fn bytes_and_frames_are_counted_whatever_they_say() {
    let server = with("bytes=1/min+262144,frames=1/min+7").await;
    let mut one = server.guest().await;
    for _ in 0..5 {
        one.say_text(&format!(r#"{{"type":"ping","x":"{}"}}"#, "x".repeat(60_000))).await;
    }
    assert!(one.error().await.message.contains("bytes"), "four fit");
    let mut two = server.guest().await;
    for _ in 0..8 {
        two.say_text("no frame at all").await;
    }
    for _ in 0..7 {
        assert_eq!(two.error().await.code, ErrorCode::BadJson);
    }
    assert_eq!(two.error().await.code, ErrorCode::TooFast);
}

#[tokio::test]
async fn who_goes_on_and_on_is_closed() {
    let server = with("frames=1/min+5,refusals=1/min+20").await;
    let mut one = server.guest().await;
    for _ in 0..26 {
        one.say(&ClientFrame::Ping).await;
    }
    assert_eq!(one.closed().await, CloseCode::TooFast.code());
    server.metric_is("hubbub_closed_total{code=\"4104\"}", 1.0).await;
    assert_eq!(server.guest().await.until_pong().await, []);
}

#[tokio::test]
async fn a_user_has_one_rate_for_all_of_its_connections() {
    let server = with("user-changes=1/min+2").await;
    let mut one = server.connect().await;
    let (_, token) = one.hello(None, vec![]).await;
    let mut again = server.connect().await;
    again.hello(token, vec![]).await;
    for client in [&mut one, &mut again] {
        client.join("lobby").await;
        client.send("lobby", "hi").await;
        client.message().await;
    }
    again.send("lobby", "hi").await;
    assert_eq!(again.error().await.code, ErrorCode::TooFast);
}

#[tokio::test]
async fn an_address_opens_so_many_sockets_and_another_is_not_touched() {
    let server = with("connects=1/min+2").await;
    let _open = (from(&server, "203.0.113.1").await.unwrap(), from(&server, "203.0.113.1").await.unwrap());
    assert_eq!(from(&server, "203.0.113.1").await.err(), Some(429));
    assert!(from(&server, "203.0.113.2").await.is_ok());
    assert!(from(&server, "2001:db8::1").await.is_ok());
    assert!(from(&server, "2001:db8::2").await.is_ok());
    assert_eq!(from(&server, "2001:db8::3").await.err(), Some(429), "they are one /64");
}

#[tokio::test]
async fn an_address_makes_so_many_guests_in_whatever_way() {
    let server = with("guests=1/min+2").await;
    assert_eq!(make_guest(&server, "203.0.113.1").await.status, 201);
    from(&server, "203.0.113.1").await.unwrap().hello(None, vec![]).await;
    let refused = make_guest(&server, "203.0.113.1").await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "tooFast"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let mut late = from(&server, "203.0.113.1").await.unwrap();
    late.say(&ClientFrame::Hello { token: None, resume: vec![] }).await;
    let error = late.error().await;
    assert!(error.code == ErrorCode::TooFast && error.retry_after_ms.is_some(), "{error:?}");
    assert_eq!(late.closed().await, 1013);
    assert_eq!(make_guest(&server, "203.0.113.2").await.status, 201);
}

#[tokio::test]
async fn requests_are_counted_by_address() {
    let server = with("requests=1/min+1").await;
    assert_eq!(make_guest(&server, "203.0.113.1").await.status, 201);
    assert_eq!(make_guest(&server, "203.0.113.1").await.problem(), "tooFast");
    assert_eq!(make_guest(&server, "203.0.113.2").await.status, 201);
}

#[tokio::test]
async fn rooms_are_begun_so_often_and_those_that_are_there_are_for_all() {
    let server = with("user-rooms=1/min+2").await;
    let mut one = server.guest().await;
    for name in ["a", "b", "c"] {
        one.join(name).await;
        one.send(name, "first").await;
    }
    let error = one.error().await;
    assert_eq!(error.code, ErrorCode::TooFast);
    assert!(error.message.contains("rooms"), "{}", error.message);
    // It goes on where something was said.
    for text in ["second", "third"] {
        one.send("a", text).await;
        one.find(|frame| matches!(frame, ServerFrame::Message(message) if message.text.as_str() == text))
            .await;
    }
    let mut other = server.guest().await;
    other.join("c").await;
    other.send("c", "first").await;
    assert_eq!(other.message().await.offset, 1);
}

#[tokio::test]
async fn sockets_without_a_hello_are_bounded_and_a_hello_frees_the_place() {
    let server = TestServer::start(config(&["--max-connections", "200"])).await;
    let mut silent = Vec::new();
    // Half of 200.
    for _ in 0..100 {
        silent.push(server.connect().await);
    }
    assert!(Connect::to(server.ports.public).await.is_err());
    silent.pop().unwrap().hello(None, vec![]).await;
    let mut late = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Ok(client) = Connect::to(server.ports.public).await {
                return client;
            }
        }
    })
    .await
    .expect("the place is not given back");
    late.hello(None, vec![]).await;
}
