//! What pub/sub loses, doubles and mixes up is not what a client sees.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chat_server::engine::{EngineEvent, RoomEvent, StoredMessage};
use hubbub_protocol::{Epoch, Offset, ServerFrame, User, UserId, UserName};

use crate::support::{TestServer, config, room};

fn offset_of(event: &EngineEvent) -> Option<Offset> {
    match event {
        EngineEvent::Room { event: RoomEvent::Message { message, .. }, .. } => Some(message.offset),
        _ => None,
    }
}

#[tokio::test]
async fn a_message_that_pub_sub_lost_is_delivered_before_the_next() {
    let lossy = |event: &EngineEvent| !matches!(offset_of(event), Some(2 | 3 | 5));
    let (server, _) = TestServer::start_on(config(&[]), lossy).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    for number in 1..=6 {
        one.send("lobby", &number.to_string()).await;
    }
    for number in 1..=6 {
        let message = one.message().await;
        assert_eq!((message.offset, message.text.to_string()), (number, number.to_string()));
    }
}

#[tokio::test]
async fn the_last_message_comes_although_pub_sub_lost_it_and_nothing_follows() {
    let mut config = config(&[]);
    config.timing.lookout.soonest = Duration::from_millis(50);
    let lossy = |event: &EngineEvent| !matches!(offset_of(event), Some(1 | 3));
    let (server, _) = TestServer::start_on(config, lossy).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    // The first one: the room has been silent.
    one.send("lobby", "one").await;
    assert_eq!(one.message().await.offset, 1);
    // The last one: the room has just heard something.
    one.send("lobby", "two").await;
    one.send("lobby", "three").await;
    assert_eq!(one.message().await.offset, 2);
    assert_eq!(one.message().await.offset, 3);
}

#[tokio::test]
async fn what_pub_sub_repeats_or_delays_is_delivered_once() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    let joined = one.join("lobby").await;
    let ServerFrame::Joined { epoch, .. } = joined else { panic!("{joined:?}") };
    one.send("lobby", "hi").await;
    let message = one.message().await;
    let frame = serde_json::to_string(&ServerFrame::Message(message)).unwrap();
    for epoch in [epoch, Epoch("of old".into())] {
        let message = StoredMessage { offset: 1, frame: frame.clone().into() };
        let event = RoomEvent::Message { epoch, message };
        engine.say(EngineEvent::Room { room: room("lobby"), event }).await;
    }
    one.send("lobby", "bye").await;
    let message = one.message().await;
    assert_eq!((message.offset, message.text.as_str()), (2, "bye"));
}

#[tokio::test]
async fn after_an_interruption_everything_missed_is_delivered_and_the_list_is_told_anew() {
    let deaf = Arc::new(AtomicBool::new(false));
    let hears = Arc::clone(&deaf);
    let (server, engine) = TestServer::start_on(config(&[]), move |_| !hears.load(Ordering::SeqCst)).await;
    let mut one = server.guest().await;
    let mut two = server.connect().await;
    let (bob, _) = two.hello(None, vec![]).await;
    one.join("lobby").await;
    one.until_pong().await;
    deaf.store(true, Ordering::SeqCst);
    two.join("lobby").await;
    one.send("lobby", "unheard").await;
    one.find(|frame| matches!(frame, ServerFrame::Ack { .. })).await;
    deaf.store(false, Ordering::SeqCst);
    engine.say(EngineEvent::Interrupted).await;
    assert_eq!(one.message().await.text.as_str(), "unheard");
    let joined = one.next().await;
    let ServerFrame::Joined { offset: 1, recovered: true, messages, members, count: 2, .. } = joined else {
        panic!("{joined:?}")
    };
    assert!(messages.is_empty());
    assert!(members.contains(&bob), "{members:?}");
}

#[tokio::test]
async fn a_stream_that_was_lost_is_announced_and_goes_on() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    let joined = one.join("lobby").await;
    let ServerFrame::Joined { epoch: before, .. } = joined else { panic!("{joined:?}") };
    one.send("lobby", "lost").await;
    one.message().await;
    engine.lose_everything().await;
    let joined = one.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
    let ServerFrame::Joined { epoch, offset: 0, recovered: false, .. } = joined else { panic!("{joined:?}") };
    assert_ne!(epoch, before);
    one.send("lobby", "found").await;
    let message = one.message().await;
    assert_eq!((message.offset, message.text.as_str()), (1, "found"));
}

#[tokio::test]
async fn a_list_of_members_that_is_read_anew_is_not_overtaken_by_older_news() {
    let (server, engine) = TestServer::start_on(config(&[]), |_| true).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let ghost = User { id: UserId::random(), name: UserName::parse("Ghost").unwrap() };
    let came = RoomEvent::Presence { joined: vec![ghost.clone()], left: vec![], count: 2 };
    // That the ghost went again is among what was lost.
    engine.say(EngineEvent::Room { room: room("lobby"), event: came }).await;
    engine.say(EngineEvent::Interrupted).await;
    let tells_of_the_ghost =
        |f: &ServerFrame| matches!(f, ServerFrame::Presence { joined, .. } if joined.contains(&ghost));
    one.find(tells_of_the_ghost).await;
    let anew = one.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
    let ServerFrame::Joined { recovered: true, members, count: 1, .. } = anew else { panic!("{anew:?}") };
    assert!(!members.contains(&ghost));
}
