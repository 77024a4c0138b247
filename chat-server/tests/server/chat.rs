//! What a server is for.

use hubbub_protocol::{ClientFrame, ServerFrame, UserName};

use crate::support::{TestServer, room, said};

#[tokio::test]
async fn two_clients_chat() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let (ada, _) = one.hello(None, vec![]).await;
    let mut two = server.guest().await;
    one.join("lobby").await;
    two.join("lobby").await;
    let id = one.send("lobby", "hi \"there\"\nAda").await;
    let ack = one.find(|frame| matches!(frame, ServerFrame::Ack { .. })).await;
    let ServerFrame::Ack { id: acknowledged, offset: 1, time, .. } = ack else { panic!("{ack:?}") };
    assert_eq!(acknowledged, id);
    let message = two.message().await;
    assert_eq!((message.id, message.offset, message.time), (id, 1, time));
    assert_eq!(message.user, ada);
    assert_eq!(message.text.as_str(), "hi \"there\"\nAda");
}

#[tokio::test]
async fn a_sender_gets_its_own_message_too() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let id = one.send("lobby", "hi").await;
    assert_eq!(one.message().await.id, id);
}

#[tokio::test]
async fn the_same_message_sent_again_is_stored_once_and_gets_the_first_answer() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let id = one.send("lobby", "hi").await;
    one.send_as(id, "lobby", "hi").await;
    one.send("lobby", "bye").await;
    let frames = [one.next().await, one.next().await, one.next().await, one.next().await, one.next().await];
    let acks: Vec<_> =
        frames.iter().filter(|frame| matches!(frame, ServerFrame::Ack { id: of, .. } if *of == id)).collect();
    assert_eq!(acks.len(), 2);
    assert_eq!(acks[0], acks[1]);
    let texts = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Message(message) => Some(message.text.as_str()),
        _ => None,
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["hi", "bye"]);
}

#[tokio::test]
async fn what_a_session_sends_is_stored_in_the_order_in_which_it_was_sent() {
    let server = TestServer::default().await;
    let (mut one, mut two) = (server.guest().await, server.guest().await);
    one.join("lobby").await;
    two.join("lobby").await;
    for number in 0..100 {
        one.send("lobby", &number.to_string()).await;
    }
    for number in 0..100 {
        let message = two.message().await;
        assert_eq!((message.text.as_str(), message.offset), (number.to_string().as_str(), number + 1));
    }
}

#[tokio::test]
async fn a_ping_is_answered() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.say(&ClientFrame::Ping).await;
    assert_eq!(one.next().await, ServerFrame::Pong);
}

#[tokio::test]
async fn who_joins_sees_what_was_said_and_who_is_there() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let (ada, _) = one.hello(None, vec![]).await;
    one.join("lobby").await;
    for text in ["one", "two", "three"] {
        one.send("lobby", text).await;
        one.message().await;
    }
    let mut two = server.connect().await;
    let (bob, _) = two.hello(None, vec![]).await;
    two.say(&ClientFrame::Join { room: room("lobby"), history: 2 }).await;
    let joined = two.next().await;
    let ServerFrame::Joined { offset: 3, recovered: false, messages, members, count: 2, .. } = joined else {
        panic!("{joined:?}")
    };
    let messages = said(messages);
    assert_eq!(messages.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
    assert!(members.contains(&ada) && members.contains(&bob), "{members:?}");
}

#[tokio::test]
async fn typing_is_told_to_the_others_alone() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let (ada, _) = one.hello(None, vec![]).await;
    let mut two = server.guest().await;
    one.join("lobby").await;
    two.join("lobby").await;
    one.say(&ClientFrame::Typing { room: room("lobby") }).await;
    let typing = two.find(|frame| matches!(frame, ServerFrame::Typing { .. })).await;
    assert_eq!(typing, ServerFrame::Typing { room: room("lobby"), user: ada });
    let frames = one.until_pong().await;
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Typing { .. })), "{frames:?}");
}

#[tokio::test]
async fn a_rename_reaches_everyone_in_the_room_and_is_the_name_of_later_messages() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let (ada, token) = one.hello(None, vec![]).await;
    let mut two = server.guest().await;
    one.join("lobby").await;
    two.join("lobby").await;
    let name = UserName::parse("Countess").unwrap();
    one.say(&ClientFrame::Rename { name: name.clone() }).await;
    let renamed = ServerFrame::Renamed { user: ada.id, name: name.clone() };
    for client in [&mut one, &mut two] {
        assert_eq!(client.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await, renamed);
    }
    one.send("lobby", "hi").await;
    assert_eq!(two.message().await.user.name, name);
    let mut three = server.guest().await;
    let joined = three.join("lobby").await;
    let ServerFrame::Joined { members, .. } = joined else { panic!("{joined:?}") };
    assert!(members.iter().any(|user| user.name == name), "{members:?}");
    let mut again = server.connect().await;
    assert_eq!(again.hello(token, vec![]).await.0.name, name);
}

#[tokio::test]
async fn another_session_of_the_same_user_speaks_by_the_new_name() {
    let server = TestServer::default().await;
    let mut one = server.connect().await;
    let (_, token) = one.hello(None, vec![]).await;
    let mut same = server.connect().await;
    same.hello(token, vec![]).await;
    one.join("lobby").await;
    same.join("lobby").await;
    one.say(&ClientFrame::Rename { name: UserName::parse("Countess").unwrap() }).await;
    same.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await;
    same.send("lobby", "hi").await;
    assert_eq!(one.message().await.user.name.as_str(), "Countess");
}

#[tokio::test]
async fn who_left_a_room_hears_no_more_of_it() {
    let server = TestServer::default().await;
    let (mut one, mut two) = (server.guest().await, server.guest().await);
    one.join("lobby").await;
    two.join("lobby").await;
    two.say(&ClientFrame::Leave { room: room("lobby") }).await;
    assert_eq!(
        two.find(|frame| matches!(frame, ServerFrame::Left { .. })).await,
        ServerFrame::Left { room: room("lobby"), reason: None }
    );
    one.send("lobby", "hi").await;
    one.message().await;
    assert_eq!(two.until_pong().await, []);
}

#[tokio::test]
async fn a_room_is_forgotten_with_its_last_member_and_its_messages_are_not() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    one.send("lobby", "hi").await;
    one.message().await;
    server.metric_is("hubbub_rooms", 1.0).await;
    one.say(&ClientFrame::Leave { room: room("lobby") }).await;
    server.metric_is("hubbub_rooms", 0.0).await;
    let joined = one.join("lobby").await;
    let ServerFrame::Joined { offset: 1, messages, .. } = joined else { panic!("{joined:?}") };
    assert_eq!(said(messages)[0].text.as_str(), "hi");
    one.send("lobby", "again").await;
    assert_eq!(one.message().await.offset, 2);
}
