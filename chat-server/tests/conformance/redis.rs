//! What several servers on one Redis promise, and what they do when it fails.

use std::time::Duration;

use chat_server::engine::accounts::{RegisterOutcome, Registration};
use chat_server::engine::redis::RedisOptions;
use chat_server::engine::{EngineError, EngineEvent, GuestOutcome, HistoryLimits, Range, RoomEvent};
use futures::future::join_all;
use hubbub_protocol::limits::PRESENCE_LEASE;
use hubbub_protocol::{Email, RoomName, SessionId, User, UserName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::figure::figure;
use crate::redis_server::RedisServer;
use crate::world::{Server, draft, messages, room, told_text, until, user};

/// Long enough that no renewal fails on a busy machine, short enough to wait for.
const SHORT_LEASE: Duration = Duration::from_secs(2);

async fn two_servers(redis: &RedisServer) -> (Server, Server) {
    let lease = PRESENCE_LEASE;
    tokio::join!(Server::on_redis(redis, lease), Server::on_redis(redis, lease))
}

fn went(event: &EngineEvent, user: &User) -> bool {
    matches!(event, EngineEvent::Room { event: RoomEvent::Presence { left, .. }, .. } if left.contains(&user.id))
}

/// Messages of a room, over one more server, so that nothing comes from what a server remembers.
async fn texts(redis: &RedisServer, room: &RoomName) -> Vec<String> {
    let server = Server::on_redis(redis, PRESENCE_LEASE).await;
    server.all(room).await.iter().map(|message| message.text.to_string()).collect()
}

#[tokio::test]
async fn what_is_said_on_one_server_is_told_on_the_other() {
    let redis = RedisServer::start();
    let ((mut one, other), lobby, ada) = (two_servers(&redis).await, room("lobby"), user("Ada"));
    one.engine.subscribe(&lobby).await.unwrap();
    let session = SessionId::random();
    other.engine.enter(&lobby, &ada, session).await.unwrap();
    let said = other.say(&lobby, "hello").await;
    other.engine.signal(&lobby, session, "typing".into()).await.unwrap();
    other.engine.leave(&lobby, ada.id, session).await.unwrap();

    let came = RoomEvent::Presence { joined: vec![ada.clone()], left: vec![], count: 1 };
    assert_eq!(one.room_event().await.1, came);
    let RoomEvent::Message { epoch, message } = one.room_event().await.1 else { panic!("not a message") };
    assert_eq!((epoch, message.offset), (said.epoch, said.offset));
    assert_eq!(one.room_event().await.1, RoomEvent::Signal { from: session, frame: "typing".into() });
    let went = RoomEvent::Presence { joined: vec![], left: vec![ada.id], count: 0 };
    assert_eq!(one.room_event().await.1, went);
}

#[tokio::test]
async fn an_id_that_is_sent_to_two_servers_at_once_is_stored_once() {
    let redis = RedisServer::start();
    let ((one, other), lobby) = (two_servers(&redis).await, room("lobby"));
    for _ in 0..20 {
        let message = draft(&lobby, "once");
        let answers = join_all([&one, &other].map(|server| server.engine.publish(message.clone()))).await;
        let [Ok(first), Ok(second)] = answers.as_slice() else { panic!("not stored: {answers:?}") };
        assert_eq!((first.offset, first.duplicate), (second.offset, !second.duplicate));
    }
    assert_eq!(one.all(&lobby).await.len(), 20);
}

#[tokio::test]
async fn a_user_on_two_servers_goes_with_the_last_of_them() {
    let redis = RedisServer::start();
    let ((mut one, other), lobby, ada) = (two_servers(&redis).await, room("lobby"), user("Ada"));
    let (here, there) = (SessionId::random(), SessionId::random());
    one.engine.subscribe(&lobby).await.unwrap();
    one.engine.enter(&lobby, &ada, here).await.unwrap();
    other.engine.enter(&lobby, &ada, there).await.unwrap();
    one.engine.leave(&lobby, ada.id, here).await.unwrap();
    other.wait_for_members(&lobby, &[&ada]).await;
    other.engine.close().await;
    let came = RoomEvent::Presence { joined: vec![ada.clone()], left: vec![], count: 1 };
    assert_eq!(one.room_event().await.1, came);
    let went = RoomEvent::Presence { joined: vec![], left: vec![ada.id], count: 0 };
    assert_eq!(one.room_event().await.1, went);
}

#[tokio::test]
async fn a_server_that_closes_leaves_nothing_behind() {
    let redis = RedisServer::start();
    let ((one, other), lobby, ada) = (two_servers(&redis).await, room("lobby"), user("Ada"));
    for name in ["lobby", "kitchen"] {
        other.engine.enter(&room(name), &ada, SessionId::random()).await.unwrap();
    }
    until("both have a lease", async || redis.command("ZCARD hubbub:servers") == ":2").await;
    other.engine.close().await;
    assert_eq!(one.engine.roster(&lobby, 10).await.unwrap().count, 0);
    assert_eq!(one.engine.roster(&room("kitchen"), 10).await.unwrap().count, 0);
    assert_eq!(redis.command("ZCARD hubbub:servers"), ":1");
}

#[tokio::test]
async fn a_server_that_dies_without_a_word_is_swept_out_of_the_rooms_of_others() {
    let redis = RedisServer::start();
    let (lobby, ada, grace) = (room("lobby"), user("Ada"), user("Grace"));
    let mut one = Server::on_redis(&redis, SHORT_LEASE).await;
    let other = Server::on_redis(&redis, SHORT_LEASE).await;
    one.engine.subscribe(&lobby).await.unwrap();
    one.engine.enter(&lobby, &grace, SessionId::random()).await.unwrap();
    one.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
    other.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
    let alone = user("Alone");
    other.engine.enter(&lobby, &alone, SessionId::random()).await.unwrap();

    drop(other);
    one.wait_for(|event| went(event, &alone)).await;
    let roster = one.engine.roster(&lobby, 10).await.unwrap();
    assert_eq!(roster.members, [ada, grace], "who is on a server that lives stays");
}

#[tokio::test]
async fn what_a_dead_server_left_in_a_room_is_swept_when_the_room_is_next_subscribed_to() {
    let redis = RedisServer::start();
    let (lobby, ada) = (room("lobby"), user("Ada"));
    let dies = Server::on_redis(&redis, SHORT_LEASE).await;
    dies.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
    let mut comes = Server::on_redis(&redis, SHORT_LEASE).await;
    until("both have a lease", async || redis.command("ZCARD hubbub:servers") == ":2").await;
    drop(dies);
    until("its lease is over", async || redis.command("ZCARD hubbub:servers") == ":1").await;
    assert_eq!(comes.engine.roster(&lobby, 10).await.unwrap().count, 1);
    comes.engine.subscribe(&lobby).await.unwrap();
    comes.wait_for(|event| went(event, &ada)).await;
    assert_eq!(comes.engine.roster(&lobby, 10).await.unwrap().count, 0);
}

#[tokio::test]
async fn after_redis_was_killed_subscriptions_are_back_and_it_is_told() {
    let mut redis = RedisServer::start_with_file();
    let (mut one, other) = two_servers(&redis).await;
    let rooms: Vec<_> = (0..300).map(|n| room(&format!("room-{n}"))).collect();
    for room in &rooms {
        one.engine.subscribe(room).await.unwrap();
    }
    one.engine.unsubscribe(&rooms[0]).await.unwrap();
    other.say(&rooms[1], "before").await;
    one.wait_for(|event| told_text(event).as_deref() == Some("before")).await;

    redis.kill();
    until("the engine knows", async || !one.engine.is_up()).await;
    redis.restart();
    one.interruption().await;
    for (n, room) in rooms.iter().enumerate() {
        other.insist(&draft(room, &n.to_string())).await;
    }
    for n in 1..rooms.len() {
        let event = one.wait_for(|event| told_text(event).is_some()).await;
        assert_eq!(told_text(&event), Some(n.to_string()));
    }
    assert!(one.engine.is_up());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_sent_while_redis_is_killed_are_stored_once_and_in_order() {
    let mut redis = RedisServer::start_with_file();
    let (server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    let drafts: Vec<_> = (0..600).map(|n| draft(&lobby, &n.to_string())).collect();
    let (told, mut progress) = tokio::sync::watch::channel(0);
    let send = async {
        for (n, message) in drafts.iter().enumerate() {
            let stored = server.insist(message).await;
            assert_eq!(stored.offset, n as u64 + 1);
            told.send_replace(n);
        }
    };
    let break_things = async {
        for after in [100, 300] {
            progress.wait_for(|&sent| sent >= after).await.unwrap();
            redis.kill();
            redis.restart();
        }
    };
    tokio::join!(send, break_things);

    let expected: Vec<_> = (0..drafts.len()).map(|n| n.to_string()).collect();
    assert_eq!(texts(&redis, &lobby).await, expected);
    figure(
        "messages_that_are_sent_while_redis_is_killed_are_stored_once_and_in_order",
        "600 acknowledged, Redis killed twice: 0 lost, 0 doubled, 0 out of order",
    );
}

#[tokio::test]
async fn while_redis_answers_nothing_calls_are_refused_and_nothing_is_doubled_after_it() {
    let redis = RedisServer::start();
    let (mut server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    server.engine.subscribe(&lobby).await.unwrap();
    server.say(&lobby, "before").await;
    let message = draft(&lobby, "meanwhile");

    redis.stop();
    let refused = server.engine.publish(message.clone()).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    assert!(!server.engine.is_up(), "what was refused once is refused soon from then on");
    let refused = server.engine.history(&lobby, Range::Latest(1)).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    let refused = server.engine.subscribe(&room("another")).await;
    assert!(matches!(refused, Err(EngineError::Unavailable(_))), "{refused:?}");
    redis.go_on();
    server.insist(&message).await;
    server.interruption().await;
    let stored = server.all(&lobby).await;
    assert_eq!(
        stored.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(),
        ["before", "meanwhile"]
    );
}

#[tokio::test]
async fn after_flushall_rooms_have_another_epoch_and_the_members_are_back() {
    let redis = RedisServer::start();
    let (lobby, ada, session) = (room("lobby"), user("Ada"), SessionId::random());
    let server = Server::on_redis(&redis, SHORT_LEASE).await;
    server.engine.enter(&lobby, &ada, session).await.unwrap();
    let message = draft(&lobby, "before");
    let before = server.insist(&message).await;

    assert_eq!(redis.command("FLUSHALL"), "+OK");
    let after = server.insist(&message).await;
    assert_ne!(after.epoch, before.epoch);
    assert_eq!((after.offset, after.duplicate), (1, false), "what is not stored any more is stored again");
    assert_eq!(server.page(&lobby, Range::Latest(1)).await.epoch, after.epoch);
    server.wait_for_members(&lobby, &[&ada]).await;
}

#[tokio::test]
async fn after_flushall_a_user_with_several_sessions_is_back_by_the_latest_name() {
    let redis = RedisServer::start();
    let (lobby, mut ada) = (room("lobby"), user("Ada"));
    let server = Server::on_redis(&redis, SHORT_LEASE).await;
    let sessions = [(); 20].map(|()| SessionId::random());
    for session in sessions {
        server.engine.enter(&lobby, &ada, session).await.unwrap();
    }
    ada.name = UserName::parse("Countess").unwrap();
    server.engine.enter(&lobby, &ada, sessions[0]).await.unwrap();
    assert_eq!(redis.command("FLUSHALL"), "+OK");
    until("somebody is back", async || redis.command("HLEN hubbub:{lobby}:members") == ":1").await;
    assert_eq!(server.engine.roster(&lobby, 10).await.unwrap().members, [ada]);
}

#[tokio::test]
async fn a_stream_that_is_gone_is_another_epoch() {
    let redis = RedisServer::start();
    let (server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    let message = draft(&lobby, "one");
    let before = server.insist(&message).await;
    redis.command("DEL hubbub:{lobby}:stream");
    let page = server.page(&lobby, Range::Latest(10)).await;
    assert_ne!(page.epoch, before.epoch);
    assert_eq!((page.latest, page.messages.len()), (0, 0));
    let again = server.insist(&message).await;
    assert_eq!((again.epoch, again.offset, again.duplicate), (page.epoch, 1, false));
}

#[tokio::test]
async fn a_stream_that_lost_its_tail_is_another_epoch_and_keeps_the_rest() {
    let mut redis = RedisServer::start();
    let (mut server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    server.engine.subscribe(&lobby).await.unwrap();
    let kept = draft(&lobby, "kept");
    let before = server.insist(&kept).await;
    assert_eq!(redis.command("SAVE"), "+OK");
    let lost = draft(&lobby, "lost");
    server.insist(&lost).await;

    redis.kill();
    redis.restart();
    server.interruption().await;
    let page = server.page(&lobby, Range::Latest(10)).await;
    assert_ne!(page.epoch, before.epoch);
    assert_eq!(messages(&page).len(), 1);
    let again = server.insist(&kept).await;
    assert_eq!((again.offset, again.duplicate), (1, true), "what survived is not stored again");
    let again = server.insist(&lost).await;
    assert_eq!((again.epoch, again.offset, again.duplicate), (page.epoch, 2, false));
}

#[tokio::test]
async fn members_are_back_after_redis_lost_everything() {
    let mut redis = RedisServer::start();
    let (lobby, ada, grace) = (room("lobby"), user("Ada"), user("Grace"));
    let (one, other) = two_servers(&redis).await;
    one.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
    other.engine.enter(&lobby, &grace, SessionId::random()).await.unwrap();
    redis.kill();
    redis.restart();
    one.wait_for_members(&lobby, &[&ada, &grace]).await;
}

#[tokio::test]
async fn who_left_while_redis_was_away_is_gone_when_it_is_back() {
    let mut redis = RedisServer::start_with_file();
    let (lobby, ada, grace) = (room("lobby"), user("Ada"), user("Grace"));
    let server = Server::on_redis(&redis, PRESENCE_LEASE).await;
    let session = SessionId::random();
    server.engine.enter(&lobby, &ada, session).await.unwrap();
    server.engine.enter(&lobby, &grace, SessionId::random()).await.unwrap();
    redis.kill();
    let left = server.engine.leave(&lobby, ada.id, session).await;
    assert!(matches!(left, Err(EngineError::Unavailable(_))), "{left:?}");
    redis.restart();
    server.wait_for_members(&lobby, &[&grace]).await;
}

#[tokio::test]
async fn a_rename_that_failed_takes_nobody_out_of_the_list() {
    let redis = RedisServer::start();
    let (lobby, mut ada, grace) = (room("lobby"), user("Ada"), user("Grace"));
    let server = Server::on_redis(&redis, PRESENCE_LEASE).await;
    let (stays, goes) = (SessionId::random(), SessionId::random());
    server.engine.enter(&lobby, &ada, stays).await.unwrap();
    server.engine.enter(&lobby, &grace, goes).await.unwrap();
    redis.stop();
    ada.name = UserName::parse("Countess").unwrap();
    let renamed = server.engine.enter(&lobby, &ada, stays).await;
    assert!(matches!(renamed, Err(EngineError::Unavailable(_))), "{renamed:?}");
    let left = server.engine.leave(&lobby, grace.id, goes).await;
    assert!(matches!(left, Err(EngineError::Unavailable(_))), "{left:?}");
    redis.go_on();
    // What the engine owes it does all at once: with the one who goes, nobody else has gone.
    until("one is left", async || {
        let roster = server.engine.roster(&lobby, 10).await;
        roster.is_ok_and(|roster| roster.members.iter().map(|user| user.id).eq([ada.id]))
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_answers_and_takes_no_writes_counts_as_down() {
    let redis = RedisServer::start();
    let (server, lobby) = (Server::on_redis(&redis, SHORT_LEASE).await, room("lobby"));
    assert_eq!(redis.command("REPLICAOF 127.0.0.1 1"), "+OK");
    let refused = server.engine.publish(draft(&lobby, "refused")).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("READONLY"), "{reason}");
    until("the engine knows", async || !server.engine.is_up()).await;
    assert_eq!(redis.command("REPLICAOF NO ONE"), "+OK");
    server.insist(&draft(&lobby, "taken")).await;
    until("the engine is up", async || server.engine.is_up()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_reads_no_events_delays_nobody_and_is_told_that_it_missed_some() {
    let redis = RedisServer::start();
    let ((mut one, other), lobby) = (two_servers(&redis).await, room("lobby"));
    one.engine.subscribe(&lobby).await.unwrap();
    let said = 15_000;
    let speakers = (0..20).map(async |_| {
        for _ in 0..said / 20 {
            other.say(&lobby, "much").await;
        }
    });
    join_all(speakers).await;
    one.interruption().await;
    assert_eq!(one.page(&lobby, Range::Latest(1)).await.latest, said);
}

#[tokio::test]
async fn a_redis_that_forgot_the_scripts_gets_them_again() {
    let redis = RedisServer::start();
    let (server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    server.say(&lobby, "one").await;
    assert_eq!(redis.command("SCRIPT FLUSH"), "+OK");
    assert_eq!(server.say(&lobby, "two").await.offset, 2);
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_named_in_the_refusal_and_found_when_it_comes() {
    let mut redis = RedisServer::start();
    redis.kill();
    let (server, lobby) = (Server::at_url(&redis.url(), PRESENCE_LEASE), room("lobby"));
    let refused = server.engine.publish(draft(&lobby, "early")).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("refused"), "{reason}");
    assert!(!server.engine.is_up());
    redis.restart();
    server.insist(&draft(&lobby, "late")).await;
    until("the engine is up", async || server.engine.is_up()).await;
}

/// Stands between a server and Redis, and says of it that it is a Redis 6. Answers the address.
async fn pretending_redis_6(redis: &RedisServer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let real = redis.url().trim_start_matches("redis://").trim_end_matches("/0").to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_redis, mut to_redis) = TcpStream::connect(&real).await.unwrap().into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_redis).await });
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(read @ 1..) = from_redis.read(&mut buffer).await {
                    let field = b"redis_version:";
                    if let Some(at) = buffer[..read].windows(field.len()).position(|part| part == field) {
                        buffer[at + field.len()] = b'6';
                    }
                    to_client.write_all(&buffer[..read]).await?;
                }
                std::io::Result::Ok(())
            });
        }
    });
    format!("redis://{address}/0")
}

#[tokio::test]
async fn a_redis_that_is_too_old_is_named_in_the_refusal() {
    let redis = RedisServer::start();
    let url = pretending_redis_6(&redis).await;
    let server = Server::at_url(&url, PRESENCE_LEASE);
    let refused = server.engine.publish(draft(&room("lobby"), "text")).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("7 or newer is needed"), "{reason}");
}

#[tokio::test]
async fn somebody_elses_keys_are_a_defect_and_not_waited_for() {
    let redis = RedisServer::start();
    let (server, lobby) = (Server::on_redis(&redis, PRESENCE_LEASE).await, room("lobby"));
    redis.command("SET hubbub:{lobby}:meta nonsense");
    let refused = server.engine.publish(draft(&lobby, "text")).await;
    assert!(matches!(refused, Err(EngineError::Corrupt(_))), "{refused:?}");
}

#[tokio::test]
async fn tokens_are_kept_as_hashes_that_end_with_their_guest_and_an_account_stays() {
    let redis = RedisServer::start();
    let (server, ada) = (Server::on_redis(&redis, PRESENCE_LEASE).await, user("Ada"));
    let outcome = server.engine.create_guest(&ada).await.unwrap();
    let GuestOutcome::Created(guest) = outcome else { panic!("{outcome:?}") };
    let key = format!("hubbub:{{user:{}}}", ada.id);
    for (part, found) in [(&guest.token[..], 0), (&guest.token[32..], 0), ("Ada", 1)] {
        let script = format!("return string.find(redis.call('GET','{key}'),'{part}',1,true) and 1 or 0");
        assert_eq!(redis.command(&format!("EVAL \"{script}\" 0")), format!(":{found}"), "{part}");
    }
    let ends_in: u64 = redis.command(&format!("TTL {key}")).trim_start_matches(':').parse().unwrap();
    assert!((2_591_000..=2_592_000).contains(&ends_in), "{ends_in}");

    let email = Email::parse("ada@example.org").unwrap();
    let (name, password_hash) = (ada.name.clone(), "hash".to_owned());
    let registration = Registration { user: ada.id, name, email, password_hash };
    let outcome = server.engine.register(&registration).await.unwrap();
    assert!(matches!(outcome, RegisterOutcome::Registered(_)), "{outcome:?}");
    for key in [key.as_str(), "hubbub:email:ada@example.org"] {
        assert_eq!(redis.command(&format!("TTL {key}")), ":-1", "{key}");
    }
    server.engine.delete_user(ada.id).await.unwrap();
    assert_eq!(redis.command("EXISTS hubbub:email:ada@example.org"), ":0");
    assert_ne!(redis.command(&format!("TTL {key}")), ":-1", "what is left of a user ends");
}

#[tokio::test]
async fn an_address_that_a_dead_server_claimed_is_free_when_the_claim_ends() {
    let redis = RedisServer::start();
    let server = Server::on_redis(&redis, PRESENCE_LEASE).await;
    redis.command("SET hubbub:email:ada@example.org {\"user\":\"b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11\",\"email\":\"ada@example.org\",\"name\":\"Ada\",\"password_hash\":\"x\",\"claim\":\"b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11\"} PX 300");
    let email = Email::parse("ada@example.org").unwrap();
    let wish = user("Ada");
    let registration =
        Registration { user: wish.id, name: wish.name, email, password_hash: "hash".to_owned() };
    until("the address is free", async || {
        let outcome = server.engine.register(&registration).await.unwrap();
        matches!(outcome, RegisterOutcome::Registered(_))
    })
    .await;
}

#[tokio::test]
async fn a_room_that_nobody_wrote_to_is_kept_while_somebody_listens() {
    let redis = RedisServer::start();
    let options = RedisOptions {
        presence_lease: SHORT_LEASE,
        keep_rooms: Duration::ZERO,
        ..RedisOptions::new(redis.url().parse().unwrap(), HistoryLimits::events(10), "test".to_owned())
    };
    let server = Server::with(options);
    for name in ["lobby", "empty"] {
        server.page(&room(name), Range::Latest(0)).await;
        assert_eq!(redis.command(&format!("EXPIRE hubbub:{{{name}}}:meta 1000")), ":1");
    }
    server.engine.subscribe(&room("lobby")).await.unwrap();
    let ends = |name| -> u64 {
        redis.command(&format!("TTL hubbub:{{{name}}}:meta")).trim_start_matches(':').parse().unwrap()
    };
    until("the room is kept", async || ends("lobby") > 10_000).await;
    assert!(ends("empty") <= 1_000, "nobody listens");
    server.say(&room("lobby"), "hi").await;
    assert_eq!(redis.command("TTL hubbub:{lobby}:meta"), ":-1", "what was written to does not end");
}
