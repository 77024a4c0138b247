//! Two servers that share a Redis are one chat.

use hubbub_protocol::{ClientFrame, ErrorCode, MessageId, ResumeFrom, ServerFrame, UserName};

use crate::support::{Client, RedisServer, TestServer, config, room, said};

async fn server_on(redis: &RedisServer) -> TestServer {
    let url = redis.url();
    TestServer::start(config(&["--engine", "redis", "--redis-url", &url, "--drain-seconds", "600"])).await
}

/// Two servers, and a client on each in the lobby.
async fn two_on(redis: &RedisServer) -> ([TestServer; 2], [Client; 2]) {
    let servers = [server_on(redis).await, server_on(redis).await];
    let mut clients = [servers[0].guest().await, servers[1].guest().await];
    for client in &mut clients {
        client.join("lobby").await;
    }
    (servers, clients)
}

#[tokio::test]
async fn two_clients_on_two_servers_chat_and_see_the_same_order() {
    let redis = RedisServer::start();
    let (_servers, [mut one, mut two]) = two_on(&redis).await;
    for number in 0..50 {
        one.send("lobby", &format!("one {number}")).await;
        two.send("lobby", &format!("two {number}")).await;
    }
    for offset in 1..=100 {
        let (seen_by_one, seen_by_two) = (one.message().await, two.message().await);
        assert_eq!(seen_by_one, seen_by_two);
        assert_eq!(seen_by_one.offset, offset);
    }
}

#[tokio::test]
async fn who_comes_types_and_is_renamed_on_one_server_is_seen_on_the_other() {
    let redis = RedisServer::start();
    let (servers, [mut one, _two]) = two_on(&redis).await;
    let mut three = servers[1].connect().await;
    let (ada, _) = three.hello(None, vec![]).await;
    let joined = three.join("lobby").await;
    let ServerFrame::Joined { count: 3, .. } = joined else { panic!("{joined:?}") };
    one.find(|f| matches!(f, ServerFrame::Presence { joined, count: 3, .. } if joined.contains(&ada))).await;
    three.say(&ClientFrame::Typing { room: room("lobby") }).await;
    let typing = ServerFrame::Typing { room: room("lobby"), user: ada.clone() };
    one.find(|frame| *frame == typing).await;
    let name = UserName::parse("Countess").unwrap();
    three.say(&ClientFrame::Rename { name: name.clone() }).await;
    let renamed = ServerFrame::Renamed { user: ada.id, name };
    one.find(|frame| *frame == renamed).await;
    three.leave_page().await;
    one.find(|f| matches!(f, ServerFrame::Presence { left, count: 2, .. } if left.contains(&ada.id))).await;
}

#[tokio::test]
async fn a_rename_reaches_every_session_of_the_user_and_the_rooms_that_they_alone_are_in() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let (mut phone, mut laptop) = (servers[0].connect().await, servers[1].connect().await);
    let (ada, token) = phone.hello(None, vec![]).await;
    laptop.hello(token, vec![]).await;
    let mut other = servers[0].guest().await;
    laptop.join("work").await;
    other.join("work").await;
    let name = UserName::parse("Countess").unwrap();
    phone.say(&ClientFrame::Rename { name: name.clone() }).await;
    let renamed = ServerFrame::Renamed { user: ada.id, name };
    for client in [&mut phone, &mut laptop, &mut other] {
        client.find(|frame| *frame == renamed).await;
    }
}

#[tokio::test]
async fn who_moves_to_the_other_server_misses_nothing_and_doubles_nothing() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis).await, server_on(&redis).await];
    let mut mover = servers[0].connect().await;
    let (user, token) = mover.hello(None, vec![]).await;
    let joined = mover.join("lobby").await;
    let ServerFrame::Joined { epoch, .. } = joined else { panic!("{joined:?}") };
    let mut other = servers[1].guest().await;
    other.join("lobby").await;
    let id = MessageId::random();
    mover.send_as(id, "lobby", "sent before").await;
    assert_eq!(other.message().await.id, id);
    // The server goes, before the client has heard whether its message was stored.
    let [first, second] = servers;
    first.stop();
    mover.find(|frame| matches!(frame, ServerFrame::Reconnect { .. })).await;
    other.send("lobby", "missed").await;
    let mut back = second.connect().await;
    let resume = vec![ResumeFrom { room: room("lobby"), epoch, offset: 0 }];
    assert_eq!(back.hello(token, resume).await.0, user);
    drop(mover);
    first.ended().await;
    let joined = back.next().await;
    let ServerFrame::Joined { recovered: true, messages, .. } = joined else { panic!("{joined:?}") };
    assert_eq!(said(messages).first().map(|message| message.id), Some(id));
    back.send_as(id, "lobby", "sent before").await;
    let ack = back.find(|frame| matches!(frame, ServerFrame::Ack { .. })).await;
    assert!(matches!(ack, ServerFrame::Ack { offset: 1, .. }), "{ack:?}");
    back.send("lobby", "sent behind").await;
    for text in ["missed", "sent behind"] {
        assert_eq!(other.message().await.text.as_str(), text);
    }
}

#[tokio::test]
async fn a_redis_that_was_away_costs_nothing_but_time() {
    let mut redis = RedisServer::start_with_file();
    let (_servers, [mut one, mut two]) = two_on(&redis).await;
    one.send("lobby", "before").await;
    assert_eq!(two.message().await.offset, 1);
    // The others may have a message before its sender knows that it is stored.
    one.find(|frame| matches!(frame, ServerFrame::Ack { .. })).await;
    redis.kill();
    let id = one.send("lobby", "meanwhile").await;
    let error = one.error().await;
    assert_eq!((error.code, error.reference), (ErrorCode::EngineUnavailable, Some(id.to_string())));
    redis.restart();
    // As clients do: the same id again, until it is stored.
    loop {
        one.send_as(id, "lobby", "meanwhile").await;
        let answer = one.find(|f| matches!(f, ServerFrame::Ack { .. } | ServerFrame::Error(_))).await;
        if matches!(answer, ServerFrame::Ack { .. }) {
            break;
        }
    }
    let message = two.message().await;
    assert_eq!((message.id, message.offset), (id, 2));
}

#[tokio::test]
async fn a_redis_that_lost_everything_is_announced_on_every_server() {
    let mut redis = RedisServer::start();
    let (_servers, clients) = two_on(&redis).await;
    redis.kill();
    redis.restart();
    for mut client in clients {
        let joined = client.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
        let ServerFrame::Joined { recovered: false, offset: 0, .. } = joined else { panic!("{joined:?}") };
        client.send("lobby", "again").await;
        assert_eq!(client.message().await.text.as_str(), "again");
    }
}

#[tokio::test]
async fn what_a_session_says_while_redis_answers_nothing_is_refused_in_its_order_and_nothing_is_lost() {
    let redis = RedisServer::start();
    let server = server_on(&redis).await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    redis.stop();
    one.say(&ClientFrame::Typing { room: room("lobby") }).await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(one.send("lobby", &number.to_string()).await);
    }
    for id in &ids {
        let error = one.error().await;
        let expected = (ErrorCode::EngineUnavailable, Some(id.to_string()));
        assert_eq!((error.code, error.reference), expected);
    }
    server.metric_is("hubbub_engine_up", 0.0).await;
    one.say(&ClientFrame::Typing { room: room("lobby") }).await;
    assert_eq!(one.until_pong().await, [], "a signal is dropped, without a word");

    redis.go_on();
    server.metric_is("hubbub_engine_up", 1.0).await;
    for (number, id) in ids.iter().enumerate() {
        one.send_as(*id, "lobby", &number.to_string()).await;
        assert_eq!(one.message().await.id, *id);
    }
}
