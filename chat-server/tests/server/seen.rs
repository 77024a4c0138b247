//! Who reads on in a room of a few is seen by the others, on every server and after a reconnect.

use hubbub_protocol::{
    ClientFrame, Epoch, ErrorCode, Offset, ResumeFrom, RoomName, Seen, ServerFrame, StreamEvent,
    http::{EventPage, ReadState, RoomInfo},
};
use serde_json::json;

use crate::support::{Client, Person, RedisServer, TestServer, config, read, room};

/// Two servers on one Redis, and on them a room by invitation of two people who are both there.
async fn on_two_servers(redis: &RedisServer) -> ([TestServer; 2], RoomName, Person, Person) {
    let url = redis.url();
    let flags = ["--engine", "redis", "--redis-url", &url];
    let servers = [TestServer::start(config(&flags)).await, TestServer::start(config(&flags)).await];
    let (ada, bob) = (Person::new(&servers[0]).await, Person::new(&servers[1]).await);
    let body = json!({"user": bob.user.id});
    let direct: RoomInfo = read(&ada.asks(&servers[0], "POST", "/direct", &body).await);
    (servers, direct.room, ada, bob)
}

async fn joins(client: &mut Client, room: &RoomName) -> Epoch {
    match client.join(room.as_str()).await {
        ServerFrame::Joined { epoch, .. } => epoch,
        other => panic!("{other:?}"),
    }
}

async fn reads(client: &mut Client, room: &RoomName, offset: Offset) {
    client.say(&ClientFrame::Read { room: room.clone(), offset }).await;
}

/// The next event that tells of somebody who has read.
async fn seen(client: &mut Client) -> Seen {
    match client.find(|frame| matches!(frame, ServerFrame::Seen(_))).await {
        ServerFrame::Seen(seen) => seen,
        other => panic!("{other:?}"),
    }
}

fn is_seen(frame: &ServerFrame) -> bool {
    matches!(frame, ServerFrame::Seen(_))
}

/// Offset and place of what a page tells of who has read.
fn places(events: &[StreamEvent]) -> Vec<(Offset, Offset)> {
    let place = |event: &StreamEvent| match event {
        StreamEvent::Seen(seen) => Some((seen.offset, seen.of)),
        _ => None,
    };
    events.iter().filter_map(place).collect()
}

#[tokio::test]
async fn who_reads_on_is_seen_by_everyone_and_on_two_devices_only_once() {
    let redis = RedisServer::start();
    let (servers, room, mut ada, mut bob) = on_two_servers(&redis).await;
    let mut phone = servers[0].connect().await;
    phone.hello(Some(bob.token.clone()), vec![]).await;
    for client in [&mut ada.client, &mut bob.client, &mut phone] {
        joins(client, &room).await;
    }
    for text in ["one", "two"] {
        ada.client.send(room.as_str(), text).await;
    }
    for client in [&mut bob.client, &mut phone] {
        while client.message().await.offset < 2 {}
        reads(client, &room, 2).await;
    }
    let mut all = Vec::new();
    for client in [&mut ada.client, &mut bob.client, &mut phone] {
        all.push(seen(client).await);
    }
    let Seen { offset, user, of, .. } = all[0].clone();
    assert_eq!((offset, user, of), (3, bob.user.clone(), 2));
    assert!(all.iter().all(|seen| *seen == all[0]), "{all:?}");
    // Both devices are told how far they are, whoever said it. Nothing else is stored.
    let state = ServerFrame::Read { room: room.clone(), offset: 2, unread: 0 };
    reads(&mut phone, &room, 1).await;
    assert_eq!(phone.find(|frame| matches!(frame, ServerFrame::Read { .. })).await, state);
    let page: EventPage = ada.gets(&servers[1], &format!("/rooms/{room}/messages")).await;
    assert_eq!((page.latest, places(&page.messages)), (3, vec![(3, 2)]));
}

#[tokio::test]
async fn a_resume_brings_who_has_read_meanwhile() {
    let redis = RedisServer::start();
    let (servers, room, mut ada, mut bob) = on_two_servers(&redis).await;
    let epoch = joins(&mut ada.client, &room).await;
    joins(&mut bob.client, &room).await;
    ada.client.send(room.as_str(), "Are you there?").await;
    ada.client.message().await;
    drop(ada.client);
    bob.client.message().await;
    reads(&mut bob.client, &room, 1).await;
    seen(&mut bob.client).await;
    let mut again = servers[1].connect().await;
    again.hello(Some(ada.token), vec![ResumeFrom { room: room.clone(), epoch, offset: 1 }]).await;
    let joined = again.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
    let ServerFrame::Joined { offset: 2, recovered: true, messages, .. } = joined else {
        panic!("{joined:?}")
    };
    assert_eq!(places(&messages), [(2, 1)]);
}

#[tokio::test]
async fn an_event_that_tells_who_has_read_calls_forth_no_other() {
    let redis = RedisServer::start();
    let (_servers, room, mut ada, mut bob) = on_two_servers(&redis).await;
    for client in [&mut ada.client, &mut bob.client] {
        joins(client, &room).await;
    }
    ada.client.send(room.as_str(), "ping").await;
    bob.client.message().await;
    reads(&mut bob.client, &room, 1).await;
    // Each reads what the other's reading made, as pages might.
    for client in [&mut ada.client, &mut bob.client] {
        assert_eq!(seen(client).await.offset, 2);
        reads(client, &room, 2).await;
    }
    bob.client.send(room.as_str(), "pong").await;
    assert_eq!(bob.client.message().await.offset, 3, "nothing was stored between");
    assert!(!ada.client.until_pong().await.iter().any(is_seen));
}

#[tokio::test]
async fn in_a_public_room_nobody_is_told_who_has_read() {
    let server = TestServer::default().await;
    let (mut ada, mut bob) = (Person::new(&server).await, Person::new(&server).await);
    for person in [&mut ada, &mut bob] {
        person.client.join("lobby").await;
    }
    ada.client.send("lobby", "hello").await;
    bob.client.message().await;
    reads(&mut bob.client, &room("lobby"), 1).await;
    let answer = bob.client.find(|frame| matches!(frame, ServerFrame::Read { .. })).await;
    assert_eq!(answer, ServerFrame::Read { room: room("lobby"), offset: 1, unread: 0 });
    assert!(!ada.client.until_pong().await.iter().any(is_seen));
    let page: EventPage = ada.gets(&server, "/rooms/lobby/messages").await;
    assert_eq!(page.latest, 1);
}

#[tokio::test]
async fn a_read_that_the_engine_did_not_take_is_told_when_it_is_said_again() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let (mut ada, mut bob) = (Person::new(&server).await, Person::new(&server).await);
    let club = ada.founds(&server).await;
    ada.invites(&server, &club, &bob).await;
    for person in [&mut ada, &mut bob] {
        joins(&mut person.client, &club).await;
    }
    let said = ada.posts(&server, club.as_str(), "hello").await.offset;
    bob.client.message().await;
    engine.set_away(true);
    reads(&mut bob.client, &club, said).await;
    let error = bob.client.error().await;
    assert_eq!((error.code, error.reference), (ErrorCode::EngineUnavailable, Some(club.to_string())));
    let path = format!("/rooms/{club}/read");
    let answer = bob.asks(&server, "PUT", &path, &json!({"offset": said})).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "engineUnavailable"));
    engine.set_away(false);
    let state: ReadState = read(&bob.asks(&server, "PUT", &path, &json!({"offset": said})).await);
    assert_eq!((state.offset, state.unread), (said, 0));
    assert_eq!(seen(&mut ada.client).await.of, said);
}
