//! Rooms by invitation, direct and public ones: who is in them, who may know of them, and how far was read.

use hubbub_protocol::{
    ClientFrame, Epoch, ErrorCode, LeftReason, MessageId, ResumeFrom, RoomName, ServerFrame,
    http::{EventPage, MyRooms, Posted, ReadState, RoomInfo, RoomList},
};
use serde_json::json;

use crate::support::{Person, RedisServer, TestServer, config, read, room};

async fn two_servers(redis: &RedisServer) -> [TestServer; 2] {
    let url = redis.url();
    let flags = ["--engine", "redis", "--redis-url", &url];
    [TestServer::start(config(&flags)).await, TestServer::start(config(&flags)).await]
}

#[tokio::test]
async fn who_may_not_read_a_room_can_not_learn_that_it_exists() {
    let server = TestServer::default().await;
    let (ada, mut eve) = (Person::new(&server).await, Person::new(&server).await);
    let secret = ada.founds(&server).await;
    let nowhere = RoomName::private();
    let id = MessageId::random();
    for (method, path, body) in [
        ("GET", "", json!(null)),
        ("PATCH", "", json!({"title": "Mine"})),
        ("DELETE", "", json!(null)),
        ("GET", "/members", json!(null)),
        ("PUT", &format!("/members/{}", eve.user.id), json!({"role": "owner"})),
        ("DELETE", &format!("/members/{}", ada.user.id), json!(null)),
        ("DELETE", &format!("/members/{}", eve.user.id), json!(null)),
        ("GET", "/messages", json!(null)),
        ("POST", "/messages", json!({"id": id, "text": "hello"})),
        ("PATCH", "/messages/1", json!({"id": id, "message": id, "text": "hello"})),
        ("DELETE", &format!("/messages/1?id={id}&message={id}"), json!(null)),
        ("PUT", "/messages/1/reactions", json!({"id": id, "message": id, "emoji": "\u{1f44d}", "on": true})),
        ("PUT", "/read", json!({"offset": 1})),
    ] {
        let there = eve.asks(&server, method, &format!("/rooms/{secret}{path}"), &body).await;
        let not_there = eve.asks(&server, method, &format!("/rooms/{nowhere}{path}"), &body).await;
        assert_eq!((there.status, there.problem().as_str()), (404, "noSuchRoom"), "{method} {path}");
        assert_eq!((there.status, &there.body), (not_there.status, &not_there.body), "{method} {path}");
    }
    let mut answers = Vec::new();
    for name in [&secret, &nowhere] {
        for frame in [
            ClientFrame::Join { room: name.clone(), history: 5 },
            ClientFrame::Typing { room: name.clone() },
            ClientFrame::Read { room: name.clone(), offset: 1 },
            ClientFrame::Leave { room: name.clone() },
        ] {
            eve.client.say(&frame).await;
            let error = serde_json::to_string(&eve.client.error().await).unwrap();
            answers.push(error.replace(name.as_str(), "ROOM"));
        }
        let resume = ResumeFrom { room: name.clone(), epoch: Epoch("e".into()), offset: 1 };
        let mut back = server.connect().await;
        back.hello(Some(eve.token.clone()), vec![resume]).await;
        let error = back.error().await;
        assert_eq!(error.code, ErrorCode::NoSuchRoom);
        back.until_pong().await;
        answers.push(serde_json::to_string(&error).unwrap().replace(name.as_str(), "ROOM"));
    }
    let (there, not_there) = answers.split_at(answers.len() / 2);
    assert_eq!(there, not_there);
    let list: RoomList = eve.gets(&server, "/rooms").await;
    assert_eq!(list.rooms, []);
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_on_every_server_and_says_no_more() {
    let redis = RedisServer::start();
    let servers = two_servers(&redis).await;
    let (mut ada, mut bob) = (Person::new(&servers[0]).await, Person::new(&servers[1]).await);
    let secret = ada.founds(&servers[0]).await;
    ada.invites(&servers[0], &secret, &bob).await;
    bob.client.find(|frame| matches!(frame, ServerFrame::RoomsChanged)).await;
    for person in [&mut ada, &mut bob] {
        person.client.join(secret.as_str()).await;
    }
    // Who comes and goes at once is not told of.
    ada.client
        .find(|f| matches!(f, ServerFrame::Presence { joined, .. } if joined.iter().any(|user| user.id == bob.user.id)))
        .await;
    let path = format!("/rooms/{secret}/members/{}", bob.user.id);
    assert_eq!(ada.asks(&servers[0], "DELETE", &path, &json!(null)).await.status, 204);
    let left = bob.client.find(|frame| matches!(frame, ServerFrame::Left { .. })).await;
    assert_eq!(left, ServerFrame::Left { room: secret.clone(), reason: Some(LeftReason::Removed) });
    ada.client.find(|f| matches!(f, ServerFrame::Presence { left, .. } if left.contains(&bob.user.id))).await;
    ada.client.send(secret.as_str(), "he is gone").await;
    assert_eq!(ada.client.message().await.text.as_str(), "he is gone");
    bob.client.send(secret.as_str(), "am I?").await;
    assert_eq!(bob.client.error().await.code, ErrorCode::NotJoined);
    let heard = bob.client.until_pong().await;
    assert!(!heard.iter().any(|frame| matches!(frame, ServerFrame::Message(_))), "{heard:?}");
    bob.client.say(&ClientFrame::Join { room: secret.clone(), history: 5 }).await;
    assert_eq!(bob.client.error().await.code, ErrorCode::NoSuchRoom);
    let body = json!({"id": MessageId::random(), "text": "by the back door"});
    let answer = bob.asks(&servers[1], "POST", &format!("/rooms/{secret}/messages"), &body).await;
    assert_eq!(answer.problem(), "noSuchRoom");
    let mine: MyRooms = bob.gets(&servers[1], "/me/rooms").await;
    assert_eq!(mine.rooms, []);
}

#[tokio::test]
async fn a_room_that_is_deleted_is_gone_for_everyone_with_what_was_said() {
    let redis = RedisServer::start();
    let servers = two_servers(&redis).await;
    let (mut ada, mut bob) = (Person::new(&servers[0]).await, Person::new(&servers[1]).await);
    let body = json!({"kind": "public", "room": "plans", "title": "Plans", "topic": "All of them"});
    let info: RoomInfo = read(&ada.asks(&servers[0], "POST", "/rooms", &body).await);
    assert_eq!((info.title.as_str(), info.topic.as_str()), ("Plans", "All of them"));
    assert_eq!(bob.asks(&servers[1], "POST", "/rooms", &body).await.problem(), "roomTaken");
    for person in [&mut ada, &mut bob] {
        person.client.join("plans").await;
    }
    ada.client.send("plans", "a secret").await;
    bob.client.message().await;
    assert_eq!(bob.asks(&servers[1], "DELETE", "/rooms/plans", &json!(null)).await.problem(), "notAllowed");
    assert_eq!(ada.asks(&servers[1], "DELETE", "/rooms/plans", &json!(null)).await.status, 204);
    for person in [&mut ada, &mut bob] {
        let left = person.client.find(|frame| matches!(frame, ServerFrame::Left { .. })).await;
        assert_eq!(left, ServerFrame::Left { room: room("plans"), reason: Some(LeftReason::Deleted) });
    }
    assert!(!redis.dump().contains("a secret"));
}

#[tokio::test]
async fn unread_counts_agree_on_two_devices_on_two_servers() {
    let redis = RedisServer::start();
    let servers = two_servers(&redis).await;
    let (mut ada, mut bob) = (Person::new(&servers[0]).await, Person::new(&servers[0]).await);
    let mut phone = servers[1].connect().await;
    phone.hello(Some(bob.token.clone()), vec![]).await;
    let direct: RoomInfo =
        read(&ada.asks(&servers[0], "POST", "/direct", &json!({"user": bob.user.id})).await);
    assert_eq!(direct.title, bob.user.name.to_string());
    for client in [&mut ada.client, &mut bob.client, &mut phone] {
        client.join(direct.room.as_str()).await;
    }
    for text in ["one", "two", "three"] {
        ada.client.send(direct.room.as_str(), text).await;
    }
    bob.client.send(direct.room.as_str(), "my own").await;
    for _ in 0..4 {
        phone.message().await;
    }
    bob.client.say(&ClientFrame::Read { room: direct.room.clone(), offset: 1 }).await;
    let expected = ServerFrame::Read { room: direct.room.clone(), offset: 1, unread: 2 };
    for client in [&mut bob.client, &mut phone] {
        assert_eq!(client.find(|frame| matches!(frame, ServerFrame::Read { .. })).await, expected);
    }
    ada.client.find(|frame| matches!(frame, ServerFrame::Seen(_))).await;
    for server in &servers {
        let mine: MyRooms = bob.gets(server, "/me/rooms").await;
        let [mine] = mine.rooms.as_slice() else { panic!("{mine:?}") };
        assert_eq!((mine.read, mine.unread, mine.latest), (1, 2, 5));
    }
    // It never goes back.
    let path = format!("/rooms/{}/read", direct.room);
    let state: ReadState = read(&bob.asks(&servers[1], "PUT", &path, &json!({"offset": 0})).await);
    assert_eq!((state.offset, state.unread), (1, 2));
}

#[tokio::test]
async fn history_is_read_in_pages_and_what_is_said_over_http_is_heard() {
    let server = TestServer::default().await;
    let (ada, mut bob) = (Person::new(&server).await, Person::new(&server).await);
    bob.client.join("lobby").await;
    for number in 1..=5 {
        let body = json!({"id": MessageId::random(), "text": number.to_string()});
        let posted: Posted = read(&ada.asks(&server, "POST", "/rooms/lobby/messages", &body).await);
        assert_eq!((posted.offset, bob.client.message().await.offset), (number, number));
    }
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5]),
        ("?limit=2", vec![4, 5]),
        ("?before=4&limit=2", vec![2, 3]),
        ("?after=2&limit=2", vec![3, 4]),
    ] {
        let page: EventPage = ada.gets(&server, &format!("/rooms/lobby/messages{query}")).await;
        let offsets: Vec<_> = page.messages.iter().map(hubbub_protocol::StreamEvent::offset).collect();
        assert_eq!((offsets, page.latest, page.oldest), (expected, 5, 1), "{query}");
    }
    for query in ["?limit=0", "?limit=501", "?limit=x", "?before=-1", "?before=1&after=1"] {
        let answer = ada.asks(&server, "GET", &format!("/rooms/lobby/messages{query}"), &json!(null)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "badField"), "{query}");
    }
}

#[tokio::test]
async fn members_who_are_away_are_mentioned_in_a_room_by_invitation_and_nobody_else_is() {
    let redis = RedisServer::start();
    for server in [TestServer::default().await, two_servers(&redis).await.into_iter().next().unwrap()] {
        let (mut ada, mut bob) = (Person::new(&server).await, Person::new(&server).await);
        let mut eve = Person::new(&server).await;
        for (person, name) in [(&mut bob, "Bob the Builder"), (&mut eve, "Eve")] {
            let name = hubbub_protocol::UserName::parse(name).unwrap();
            person.client.say(&ClientFrame::Rename { name }).await;
            person.client.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await;
        }
        let private = ada.founds(&server).await;
        ada.invites(&server, &private, &bob).await;
        let body = json!({"user": bob.user.id});
        let direct: RoomInfo = read(&ada.asks(&server, "POST", "/direct", &body).await);
        for room in [&private, &direct.room] {
            ada.client.join(room.as_str()).await;
            ada.client.send(room.as_str(), "@bob the builder, where is @Eve?").await;
            assert_eq!(ada.client.message().await.mentions, [bob.user.id], "{room}");
        }
        // In a public room only who is there is.
        ada.client.join("lobby").await;
        ada.client.send("lobby", "@Bob the Builder?").await;
        assert_eq!(ada.client.message().await.mentions, []);
    }
}
