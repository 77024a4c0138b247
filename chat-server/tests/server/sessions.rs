//! The sessions of a user on all servers: who sees them, and how many there may be.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode,
    http::{DeviceList, OnlineSession},
    limits::{PRESENCE_LEASE, PRESENCE_SWEEP, SESSIONS_PER_USER},
};
use tokio::time::{sleep, timeout};

use crate::support::{
    Client, Connect, PATIENCE, Process, RedisServer, TestServer, config, figure, promised, request,
};

/// How often a condition is looked at that nobody tells of: more seldom than one may ask.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The connections of a user with one device, as a server tells. Asks again while the engine has no time.
async fn online(at: SocketAddr, token: &str) -> Vec<OnlineSession> {
    let bearer = format!("Bearer {token}");
    let answer = loop {
        let answer = request(at, "GET", "/api/v1/sessions", &[("authorization", &bearer)], "").await;
        if answer.status != 503 {
            break answer;
        }
    };
    let list: DeviceList = serde_json::from_str(&answer.body).unwrap();
    let [device] = list.devices.try_into().unwrap();
    device.online
}

/// Waits until a user has so many connections.
async fn online_are(at: SocketAddr, token: &str, number: usize) -> Vec<OnlineSession> {
    let reached = async {
        loop {
            let sessions = online(at, token).await;
            if sessions.len() == number {
                return sessions;
            }
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(PATIENCE, reached).await.expect("as many sessions as expected")
}

/// Says hello as somebody who was there before.
async fn again(at: SocketAddr, token: &str) -> Client {
    let mut client = Connect::to(at).await.unwrap();
    client.hello(Some(token.to_owned()), vec![]).await;
    client
}

async fn server_on(redis: &RedisServer) -> TestServer {
    let flags = ["--engine", "redis", "--redis-url", &redis.url()];
    TestServer::start(config(&flags)).await
}

#[tokio::test]
async fn the_sessions_of_a_killed_server_are_seen_until_its_lease_has_ended() {
    let redis = RedisServer::start();
    let ((_one, at_one), (two, at_two)) =
        (Process::on_redis(&redis, "one").await, Process::on_redis(&redis, "two").await);
    let mut phone = Connect::to(at_one).await.unwrap();
    let (_, token) = phone.hello(None, vec![]).await;
    let token = token.unwrap();
    let laptop = again(at_two, &token).await;
    for at in [at_one, at_two] {
        let sessions = online(at, &token).await;
        let servers: Vec<_> = sessions.iter().map(|session| &*session.server.0).collect();
        assert!(
            matches!(servers[..], [first, second] if first.starts_with("one-") && second.starts_with("two-")),
            "{servers:?}"
        );
        assert!(sessions.is_sorted_by_key(|session| session.since));
    }

    two.kill().await;
    let killed = Instant::now();
    drop(laptop);
    let left = online_are(at_one, &token, 1).await;
    assert!(left[0].server.0.starts_with("one-"), "{left:?}");
    let swept = async {
        while redis.dump().contains("two-") {
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(PATIENCE, swept).await.expect("nothing is left of the server");
    let took = killed.elapsed();
    figure(
        "the_sessions_of_a_killed_server_are_seen_until_its_lease_has_ended",
        &format!("nothing is left after {}", promised(took, PRESENCE_LEASE + PRESENCE_SWEEP)),
    );
    phone.leave_page().await;
    online_are(at_one, &token, 0).await;
}

#[tokio::test]
async fn a_user_has_so_many_sessions_on_all_servers_together() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let mut first = servers[0].connect().await;
    let (_, token) = first.hello(None, vec![]).await;
    let token = token.unwrap();
    let mut others = Vec::new();
    for number in 1..SESSIONS_PER_USER {
        others.push(again(servers[number % 2].ports.public, &token).await);
    }
    for server in &servers {
        let mut refused = server.connect().await;
        refused.say(&ClientFrame::Hello { token: Some(token.clone()), resume: vec![] }).await;
        refused.refused(ErrorCode::TooManySessions, 1013).await;
    }
    first.leave_page().await;
    online_are(servers[1].ports.public, &token, SESSIONS_PER_USER - 1).await;
    again(servers[1].ports.public, &token).await.until_pong().await;
    for client in &mut others {
        client.until_pong().await;
    }
}

#[tokio::test]
async fn who_says_hello_while_redis_answers_nothing_is_let_in_and_seen_when_it_is_back() {
    let redis = RedisServer::start();
    let server = server_on(&redis).await;
    let mut first = server.connect().await;
    let (_, token) = first.hello(None, vec![]).await;
    let token = token.unwrap();
    // From here on the server knows whose token it is.
    again(server.ports.public, &token).await.leave_page().await;
    online_are(server.ports.public, &token, 1).await;
    redis.stop();
    let mut second = again(server.ports.public, &token).await;
    second.until_pong().await;
    redis.go_on();
    server.metric_is("hubbub_engine_up", 1.0).await;
    online_are(server.ports.public, &token, 2).await;
    first.until_pong().await;
}

#[tokio::test]
async fn a_session_that_is_refused_or_lost_is_not_kept() {
    let server = TestServer::default().await;
    let mut first = server.connect().await;
    let (_, token) = first.hello(None, vec![]).await;
    let token = token.unwrap();
    let at = server.ports.public;
    drop(again(at, &token).await);
    online_are(at, &token, 1).await;
    server.admin("/admin/drain", r#"{"overSeconds": 0}"#).await;
    assert_eq!(first.closed().await, CloseCode::Drain.code());
    online_are(at, &token, 0).await;
}
