//! Messages that are edited, deleted, reacted to, and that name people.

use futures::future::join_all;
use hubbub_protocol::{
    ClientFrame, Emoji, Epoch, ErrorCode, Message, MessageId, MessageText, Offset, ResumeFrom, ServerFrame,
    StreamEvent, Target, UserName,
};

use crate::support::{Client, RedisServer, TestServer, config, room};

fn target(message: &Message) -> Target {
    Target { room: message.room.clone(), offset: message.offset, message: message.id }
}

fn edit(message: &Message, text: &str) -> ClientFrame {
    let text = MessageText::parse(text).unwrap();
    ClientFrame::Edit { id: MessageId::random(), target: target(message), text }
}

fn delete(message: &Message) -> ClientFrame {
    ClientFrame::Delete { id: MessageId::random(), target: target(message) }
}

fn react(message: &Message, on: bool) -> ClientFrame {
    let emoji = Emoji::parse("\u{1f44d}").unwrap();
    ClientFrame::React { id: MessageId::random(), target: target(message), emoji, on }
}

/// Sends, and returns the message as it was delivered.
async fn send(client: &mut Client, text: &str) -> Message {
    let id = client.send("lobby", text).await;
    loop {
        let message = client.message().await;
        if message.id == id {
            return message;
        }
    }
}

async fn server_on(redis: &RedisServer) -> TestServer {
    TestServer::start(config(&["--engine", "redis", "--redis-url", &redis.url()])).await
}

/// Epoch and events of a room, as a new session gets them.
async fn page(client: &mut Client) -> (Epoch, Vec<StreamEvent>) {
    match client.join("lobby").await {
        ServerFrame::Joined { epoch, messages, .. } => (epoch, messages),
        other => panic!("{other:?}"),
    }
}

fn offsets(events: &[StreamEvent]) -> Vec<Offset> {
    events.iter().map(StreamEvent::offset).collect()
}

#[tokio::test]
async fn an_edit_and_a_deletion_reach_everyone_on_every_server_and_who_comes_later_sees_what_is_left() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let (mut ada, mut bob) = (servers[0].guest().await, servers[1].guest().await);
    ada.join("lobby").await;
    bob.join("lobby").await;
    let first = send(&mut ada, "the first secret").await;
    let second = send(&mut ada, "stays").await;

    assert_eq!(ada.change(&edit(&first, "the second secret")).await, Ok(3));
    let edited = bob.find(|frame| matches!(frame, ServerFrame::Edited(_))).await;
    let ServerFrame::Edited(edited) = edited else { panic!("{edited:?}") };
    assert_eq!((edited.offset, edited.of, edited.id), (3, first.offset, first.id));
    assert_eq!(edited.text.unwrap().as_str(), "the second secret");

    assert_eq!(ada.change(&delete(&first)).await, Ok(4));
    let deleted = bob.find(|frame| matches!(frame, ServerFrame::Deleted(_))).await;
    let ServerFrame::Deleted(deleted) = deleted else { panic!("{deleted:?}") };
    assert_eq!((deleted.offset, deleted.of), (4, first.offset));

    let (_, events) = page(&mut servers[1].guest().await).await;
    assert_eq!(offsets(&events), [1, 2, 3, 4]);
    assert!(
        matches!(&events[0], StreamEvent::Erased(erased) if erased.amended == 4 && erased.id == first.id)
    );
    assert_eq!(events[1], StreamEvent::Message(second));
    assert!(matches!(&events[2], StreamEvent::Edited(edited) if edited.text.is_none()), "{:?}", events[2]);
    assert!(!redis.dump().contains("secret"), "a deleted text is nowhere: {}", redis.dump());
}

#[tokio::test]
async fn who_comes_gets_every_change_that_was_acknowledged_whatever_those_before_them_got() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let mut ada = servers[0].guest().await;
    ada.join("lobby").await;
    let message = send(&mut ada, "text 0").await;
    let mut stay = Vec::new();
    for number in 1..=20 {
        for _ in 0..2 {
            let mut visitor = servers[1].guest().await;
            let (_, events) = page(&mut visitor).await;
            let StreamEvent::Message(first) = &events[0] else { panic!("{events:?}") };
            assert_eq!(first.text.as_str(), format!("text {}", number - 1));
            assert_eq!(events.len(), number);
            stay.push(visitor);
        }
        ada.change(&edit(&message, &format!("text {number}"))).await.unwrap();
    }
}

#[tokio::test]
async fn only_who_sent_a_message_changes_it_and_only_as_long_as_it_is_there() {
    let server = TestServer::default().await;
    let (mut ada, mut bob) = (server.guest().await, server.guest().await);
    ada.join("lobby").await;
    bob.join("lobby").await;
    let message = send(&mut ada, "hello").await;
    assert_eq!(bob.change(&edit(&message, "no")).await, Err(ErrorCode::NotAllowed));
    assert_eq!(bob.change(&delete(&message)).await, Err(ErrorCode::NotAllowed));
    let other = Message { id: MessageId::random(), ..message.clone() };
    assert_eq!(ada.change(&delete(&other)).await, Err(ErrorCode::NoSuchMessage));
    let missing = Message { offset: 99, ..message.clone() };
    assert_eq!(ada.change(&delete(&missing)).await, Err(ErrorCode::NoSuchMessage));
    let elsewhere = Message { room: room("elsewhere"), ..message.clone() };
    assert_eq!(ada.change(&delete(&elsewhere)).await, Err(ErrorCode::NotJoined));
    assert_eq!(ada.change(&delete(&message)).await, Ok(2));
    assert_eq!(ada.change(&edit(&message, "back")).await, Err(ErrorCode::NoSuchMessage));
    assert_eq!(bob.change(&react(&message, true)).await, Err(ErrorCode::NoSuchMessage));
}

#[tokio::test]
async fn a_change_that_is_sent_again_is_made_once_even_when_it_took_the_message_away() {
    let server = TestServer::default().await;
    let mut ada = server.guest().await;
    ada.join("lobby").await;
    let message = send(&mut ada, "hello").await;
    for frame in [edit(&message, "better"), react(&message, true), delete(&message)] {
        let first = ada.change(&frame).await;
        assert_eq!(ada.change(&frame).await, first);
    }
    let (_, events) = page(&mut server.guest().await).await;
    assert_eq!(offsets(&events), [1, 2, 3, 4]);
}

#[tokio::test]
async fn who_resumes_gets_the_changes_that_were_missed_and_messages_as_they_are_now() {
    let server = TestServer::default().await;
    let (mut ada, mut bob) = (server.guest().await, server.guest().await);
    ada.join("lobby").await;
    let (epoch, _) = page(&mut bob).await;
    let known = send(&mut ada, "known").await;
    assert_eq!(bob.message().await, known);
    drop(bob);
    let missed = send(&mut ada, "missed").await;
    assert_eq!(ada.change(&edit(&known, "known, better")).await, Ok(3));
    assert_eq!(ada.change(&edit(&missed, "missed, better")).await, Ok(4));

    let mut back = server.connect().await;
    let resume = vec![ResumeFrom { room: room("lobby"), epoch, offset: 1 }];
    back.hello(None, resume).await;
    let joined = back.next().await;
    let ServerFrame::Joined { recovered: true, messages, .. } = joined else { panic!("{joined:?}") };
    assert_eq!(offsets(&messages), [2, 3, 4]);
    let StreamEvent::Message(message) = &messages[0] else { panic!("{messages:?}") };
    assert_eq!((message.text.as_str(), message.amended), ("missed, better", 4));
    let StreamEvent::Edited(edited) = &messages[1] else { panic!("{messages:?}") };
    assert_eq!((edited.of, edited.text.as_ref().unwrap().as_str()), (1, "known, better"));
}

#[tokio::test]
async fn a_room_that_missed_an_edit_of_its_latest_message_catches_up_and_announces_no_loss() {
    // The event of the edit, and what is behind it, are lost on their way.
    let (server, engine) = TestServer::start_on(config(&[]), {
        let mut told = 0;
        move |event| {
            let message = format!("{event:?}").contains("Message");
            told += usize::from(message);
            !message || told == 1
        }
    })
    .await;
    let mut ada = server.guest().await;
    ada.join("lobby").await;
    let message = send(&mut ada, "hello").await;
    assert_eq!(ada.change(&edit(&message, "better")).await, Ok(2));
    engine.say(chat_server::engine::EngineEvent::Interrupted).await;
    let edited = ada.find(|frame| matches!(frame, ServerFrame::Edited(_) | ServerFrame::Joined { .. })).await;
    assert!(matches!(edited, ServerFrame::Edited(_)), "{edited:?}");
    let joined = ada.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
    assert!(matches!(joined, ServerFrame::Joined { recovered: true, .. }), "{joined:?}");
}

#[tokio::test]
async fn reactions_of_fifty_users_at_once_on_two_servers_all_count() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let mut ada = servers[0].guest().await;
    ada.join("lobby").await;
    let message = send(&mut ada, "react!").await;
    let reactions = (0..50).map(|n| {
        let (server, message) = (&servers[n % 2], &message);
        async move {
            let mut client = server.guest().await;
            client.join("lobby").await;
            // A server that is too busy to do it in time asks for it again; under the same id it counts once.
            let reaction = react(message, true);
            while let Err(refused) = client.change(&reaction).await {
                assert_eq!(refused, ErrorCode::EngineUnavailable);
            }
            client
        }
    });
    let mut clients = join_all(reactions).await;
    let (_, events) = page(&mut servers[1].guest().await).await;
    assert_eq!(events.len(), 50, "a page of the latest");
    assert_eq!(clients[0].change(&react(&message, false)).await, Ok(52));

    let mut late = servers[1].guest().await;
    late.say(&ClientFrame::Join { room: room("lobby"), history: 100 }).await;
    let joined = late.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
    let ServerFrame::Joined { messages, .. } = joined else { panic!("{joined:?}") };
    let StreamEvent::Message(message) = &messages[0] else { panic!("{messages:?}") };
    assert_eq!((message.reactions.len(), message.reactions[0].users.len()), (1, 49));
    assert_eq!(message.amended, 52);
}

#[tokio::test]
async fn a_message_names_those_who_are_there_and_an_edit_names_others() {
    let server = TestServer::default().await;
    let (mut ada, mut bob) = (server.guest().await, server.connect().await);
    let (bobs, _) = bob.hello(None, vec![]).await;
    bob.join("lobby").await;
    ada.join("lobby").await;
    bob.say(&ClientFrame::Rename { name: UserName::parse("Bob the Builder").unwrap() }).await;
    ada.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await;
    let message = send(&mut ada, "can we fix it, @bob the builder? @Nobody").await;
    assert_eq!(message.mentions, [bobs.id]);
    ada.change(&edit(&message, "never mind")).await.unwrap();
    let edited = bob.find(|frame| matches!(frame, ServerFrame::Edited(_))).await;
    assert!(matches!(edited, ServerFrame::Edited(edited) if edited.mentions.is_empty()));
}
