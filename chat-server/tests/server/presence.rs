//! Who is there.

use std::time::Duration;

use chat_server::config::Config;
use hubbub_protocol::{ClientFrame, ErrorCode, ServerFrame, User, UserId};

use crate::support::{Client, TestServer, config, room};

fn quick() -> Config {
    let mut config = config(&[]);
    assert_eq!(config.timing.linger, Duration::from_secs(10));
    config.timing.presence_batch = Duration::from_millis(20);
    config
}

/// A new guest in the lobby, and who it is.
async fn member(server: &TestServer) -> (Client, User, Option<String>) {
    let mut client = server.connect().await;
    let (user, token) = client.hello(None, vec![]).await;
    client.join("lobby").await;
    (client, user, token)
}

/// Waits until a client is told that somebody came: who came and went at once is not told of at all.
async fn told_of(client: &mut Client, user: &User) {
    client.find(|f| matches!(f, ServerFrame::Presence { joined, .. } if joined.contains(user))).await;
}

/// The users that a client is told as gone, up to and with `last`.
async fn left_until(client: &mut Client, last: UserId) -> Vec<UserId> {
    let mut all = Vec::new();
    while !all.contains(&last) {
        if let ServerFrame::Presence { left, .. } = client.next().await {
            all.extend(left);
        }
    }
    all
}

#[tokio::test]
async fn who_comes_and_goes_is_told_with_the_count() {
    let server = TestServer::start(quick()).await;
    let (mut one, ada, _) = member(&server).await;
    let (mut two, bob, _) = member(&server).await;
    let told = one.find(|f| matches!(f, ServerFrame::Presence { joined, .. } if joined.contains(&bob))).await;
    let ServerFrame::Presence { count: 2, .. } = told else { panic!("{told:?}") };
    two.say(&ClientFrame::Leave { room: room("lobby") }).await;
    let told = one.find(|f| matches!(f, ServerFrame::Presence { left, .. } if !left.is_empty())).await;
    let expected =
        ServerFrame::Presence { room: room("lobby"), joined: vec![], left: vec![bob.id], count: 1 };
    assert_eq!(told, expected);
    assert_ne!(ada.id, bob.id);
}

#[tokio::test]
async fn many_who_come_at_once_are_told_in_few_frames() {
    let mut config = quick();
    config.timing.presence_batch = Duration::from_millis(500);
    let server = TestServer::start(config).await;
    let (mut one, ..) = member(&server).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(member(&server).await);
    }
    let (mut come, mut frames) = (0, 0);
    while come < 20 {
        let told = one.find(|frame| matches!(frame, ServerFrame::Presence { .. })).await;
        let ServerFrame::Presence { joined, .. } = told else { panic!("{told:?}") };
        come += joined.iter().filter(|user| others.iter().any(|(_, other, _)| other == *user)).count();
        frames += 1;
    }
    assert!(frames < 10, "{frames}");
}

#[tokio::test]
async fn who_closes_the_page_is_gone_at_once_although_lost_sockets_linger() {
    let server = TestServer::start(quick()).await;
    let (mut one, ..) = member(&server).await;
    let (lost, gone_silently, _) = member(&server).await;
    let (two, bob, _) = member(&server).await;
    told_of(&mut one, &bob).await;
    drop(lost);
    two.leave_page().await;
    let left = left_until(&mut one, bob.id).await;
    assert!(!left.contains(&gone_silently.id), "it lingers");
}

#[tokio::test]
async fn who_reconnects_after_a_lost_socket_is_never_told_as_gone() {
    let mut config = quick();
    config.timing.linger = Duration::from_millis(300);
    let server = TestServer::start(config).await;
    let (mut one, ..) = member(&server).await;
    let (lost, bob, token) = member(&server).await;
    drop(lost);
    server.metric_is("hubbub_connections", 1.0).await;
    let mut back = server.connect().await;
    back.hello(token, vec![]).await;
    back.join("lobby").await;
    // One who is lost later and does not come back is told as gone, later than the first would be.
    let (lost, marker, _) = member(&server).await;
    told_of(&mut one, &marker).await;
    drop(lost);
    let left = left_until(&mut one, marker.id).await;
    assert!(!left.contains(&bob.id));
}

#[tokio::test]
async fn a_user_with_two_sessions_is_one_member_until_the_last_is_gone() {
    let server = TestServer::start(quick()).await;
    let (mut one, ..) = member(&server).await;
    let (first, bob, token) = member(&server).await;
    let mut second = server.connect().await;
    second.hello(token, vec![]).await;
    let joined = second.join("lobby").await;
    let ServerFrame::Joined { count: 2, .. } = joined else { panic!("{joined:?}") };
    first.leave_page().await;
    let (third, carol, _) = member(&server).await;
    told_of(&mut one, &carol).await;
    third.leave_page().await;
    assert!(!left_until(&mut one, carol.id).await.contains(&bob.id));
    second.leave_page().await;
    left_until(&mut one, bob.id).await;
}

#[tokio::test]
async fn who_joins_after_a_join_that_failed_stays_in_the_list() {
    let mut config = quick();
    // For as long as anything may be tried again that the failed join left over.
    config.timing.linger = Duration::from_millis(1_500);
    let (server, engine) = TestServer::start_on(config, |_| true).await;
    let (mut one, ada, _) = member(&server).await;
    let mut two = server.connect().await;
    let (bob, _) = two.hello(None, vec![]).await;
    engine.set_unreadable(true);
    two.say(&ClientFrame::Join { room: room("lobby"), history: 0 }).await;
    assert_eq!(two.error().await.code, ErrorCode::EngineUnavailable);
    engine.set_unreadable(false);
    two.join("lobby").await;
    let (lost, marker, _) = member(&server).await;
    told_of(&mut one, &marker).await;
    drop(lost);
    left_until(&mut one, marker.id).await;
    let joined = one.join("lobby").await;
    let ServerFrame::Joined { members, count: 2, .. } = joined else { panic!("{joined:?}") };
    assert!(members.contains(&ada) && members.contains(&bob), "{members:?}");
}

#[tokio::test]
async fn whose_session_ends_by_a_defect_is_told_as_gone_too() {
    let mut config = quick();
    config.timing.linger = Duration::from_millis(20);
    let (server, engine) = TestServer::start_on(config, |_| true).await;
    let (mut one, ..) = member(&server).await;
    let (mut two, bob, _) = member(&server).await;
    told_of(&mut one, &bob).await;
    engine.set_broken(true);
    two.send("lobby", "hi").await;
    assert_eq!(two.closed().await, 1006);
    left_until(&mut one, bob.id).await;
}
