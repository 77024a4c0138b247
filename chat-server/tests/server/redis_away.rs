//! Redis answers nothing, or is not there: what that costs those who chat.

use std::time::{Duration, Instant};

use hubbub_protocol::{ClientFrame, ErrorCode, ServerFrame};
use tokio_tungstenite::tungstenite;

use crate::support::{Client, Connect, RedisServer, TestServer, config, figure, promised};

/// How many rooms each client is in.
const ROOMS: usize = 20;

/// By then a send is answered, says the protocol.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

fn name(room: usize) -> String {
    format!("room-{room}")
}

/// What is sent is refused, and all sockets stay. Returns how long it took.
async fn refused(clients: &mut [Client; 2]) -> Duration {
    let began = Instant::now();
    let id = clients[0].send(&name(0), "refused").await;
    let error = clients[0].error().await;
    let took = began.elapsed();
    assert_eq!((error.code, error.reference), (ErrorCode::EngineUnavailable, Some(id.to_string())));
    assert!(error.retry_after_ms.is_some());
    for client in clients {
        client.until_pong().await;
    }
    took
}

/// Says something in each room, until it is taken, and waits until both clients heard it. Returns how long it took.
async fn every_room_goes_on(clients: &mut [Client; 2], words: &str) -> Duration {
    let began = Instant::now();
    let [one, two] = clients;
    for room in 0..ROOMS {
        let id = one.send(&name(room), words).await;
        let answer = |f: &ServerFrame| matches!(f, ServerFrame::Ack { .. } | ServerFrame::Error(_));
        while let ServerFrame::Error(_) = one.find(answer).await {
            one.send_as(id, &name(room), words).await;
        }
        loop {
            let message = two.message().await;
            if message.id == id {
                break;
            }
        }
    }
    began.elapsed()
}

#[tokio::test]
async fn sends_are_refused_and_every_room_goes_on_when_redis_is_back() {
    let mut redis = RedisServer::start_with_file();
    let flags = ["--engine", "redis", "--redis-url", &redis.url()];
    let servers = [TestServer::start(config(&flags)).await, TestServer::start(config(&flags)).await];
    let mut clients = [servers[0].guest().await, servers[1].guest().await];
    for client in &mut clients {
        for room in 0..ROOMS {
            client.join(&name(room)).await;
        }
    }

    redis.stop();
    let stopped = refused(&mut clients).await;
    redis.go_on();
    let after_stop = every_room_goes_on(&mut clients, "after it was stopped").await;
    redis.kill();
    let killed = refused(&mut clients).await;
    redis.restart();
    let after_kill = every_room_goes_on(&mut clients, "after it was killed").await;

    for server in &servers {
        server.metric_is("hubbub_connections", 1.0).await;
        server.metric_is("hubbub_accepted_total", 1.0).await;
    }
    figure(
        "sends_are_refused_and_every_room_goes_on_when_redis_is_back",
        &format!(
            "refused after {} while stopped, {} while killed; {ROOMS} rooms on 2 servers went on within {} and {} ms of its return",
            promised(stopped, ANSWERED_WITHIN),
            promised(killed, ANSWERED_WITHIN),
            after_stop.as_millis(),
            after_kill.as_millis()
        ),
    );
}

/// Comes back, as clients do, until it is in.
async fn gets_in(server: &TestServer, mut client: Client, hello: &ClientFrame) {
    loop {
        match client.next_or_close().await {
            Ok(ServerFrame::Welcome { .. }) => return,
            Ok(ServerFrame::Error(error)) => {
                assert!(matches!(error.code, ErrorCode::Busy | ErrorCode::EngineUnavailable), "{error:?}");
            }
            Ok(other) => panic!("{other:?}"),
            Err(code) => {
                assert_eq!(code, 1013);
                client = loop {
                    if let Ok(client) = Connect::to(server.ports.public).await {
                        break client;
                    }
                };
                client.say(hello).await;
            }
        }
    }
}

#[tokio::test]
async fn while_redis_does_not_answer_the_door_is_closed_behind_those_who_wait_and_all_get_in_when_it_does() {
    let redis = RedisServer::start();
    let flags = [
        "--engine",
        "redis",
        "--redis-url",
        &redis.url(),
        "--rate",
        "admissions=off,connects=off,guests=off",
    ];
    let server = TestServer::start(config(&flags)).await;
    server.guest().await;
    redis.stop();
    let hello = ClientFrame::Hello { token: None, resume: vec![] };
    let mut waiting = Vec::new();
    let refused = loop {
        assert!(waiting.len() < 2_000, "the door stays open");
        match Connect::to(server.ports.public).await {
            Ok(mut client) => {
                client.say(&hello).await;
                waiting.push(client);
            }
            Err(error) => break *error,
        }
    };
    let tungstenite::Error::Http(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem = String::from_utf8_lossy(refused.body().as_ref().unwrap()).into_owned();
    // Whichever the server finds out first: that many wait, or that Redis does not answer.
    assert!(["busy", "engineUnavailable"].iter().any(|why| problem.contains(why)), "{problem}");
    redis.go_on();
    let let_in = waiting.len();
    for client in waiting {
        gets_in(&server, client, &hello).await;
    }
    assert!(server.metric("hubbub_accepted_total").await >= f64::from(u32::try_from(let_in).unwrap()));
    server.guest().await;
}

#[tokio::test]
async fn a_redis_that_is_gone_lets_nobody_in_and_everybody_when_it_is_back() {
    let mut redis = RedisServer::start();
    let server = TestServer::start(config(&["--engine", "redis", "--redis-url", &redis.url()])).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    redis.kill();
    server.metric_is("hubbub_engine_up", 0.0).await;
    let refused = server.ask_for_socket(None).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "engineUnavailable"));
    redis.restart();
    server.guest().await.join("lobby").await;
    one.until_pong().await;
}
