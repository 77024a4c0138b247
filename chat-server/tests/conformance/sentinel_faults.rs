//! What chat on a Redis with Sentinels promises when servers fail: a master, two replicas and three Sentinels.

use chat_server::engine::{EngineError, Range};
use hubbub_protocol::limits::PRESENCE_LEASE;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::figure::figure;
use crate::redis_sentinel::RedisSentinel;
use crate::redis_server::RedisServer;
use crate::talk::{self, in_words, talk};
use crate::world::{Server, draft, messages, room, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_of_sentinels_that_is_killed_costs_a_failover_and_loses_nothing_acknowledged() {
    let mut redis = RedisSentinel::start();
    let rooms = [room("lobby"), room("kitchen")];
    let speaker = talk::server(&redis.url(), 1).await;
    let mut listener = talk::server(&redis.url(), 1).await;
    let said = talk(&speaker, &mut listener, &rooms, async || redis.servers[0].kill()).await;
    assert_eq!(said.iter().map(|said| said.lost).sum::<usize>(), 0);
    figure(
        "a_master_of_sentinels_that_is_killed_costs_a_failover_and_loses_nothing_acknowledged",
        &in_words(&said, |_| true),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_of_sentinels_that_answers_nothing_is_left_and_loses_nothing_acknowledged() {
    let redis = RedisSentinel::start();
    let rooms = [room("lobby"), room("kitchen")];
    let speaker = talk::server(&redis.url(), 1).await;
    let mut listener = talk::server(&redis.url(), 1).await;
    let said = talk(&speaker, &mut listener, &rooms, async || {
        redis.servers[0].stop();
        until("another is master", async || {
            redis.servers[1..].iter().any(|server| server.text("INFO replication").contains("role:master"))
        })
        .await;
        redis.servers[0].go_on();
    })
    .await;
    assert_eq!(said.iter().map(|said| said.lost).sum::<usize>(), 0);
    figure(
        "a_master_of_sentinels_that_answers_nothing_is_left_and_loses_nothing_acknowledged",
        &in_words(&said, |_| true),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_of_sentinels_that_lost_the_tail_is_another_epoch_and_keeps_the_rest() {
    let mut redis = RedisSentinel::start();
    let lobby = room("lobby");
    let mut server = Server::up_at_url(&redis.url(), PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    let kept = draft(&lobby, "kept");
    let before = server.insist(&kept).await;
    assert_eq!(redis.servers[0].command("WAIT 2 10000"), ":2");
    for replica in &redis.servers[1..] {
        replica.stop();
    }
    assert_eq!(redis.servers[0].command("CLIENT KILL TYPE replica"), ":2");
    let lost = draft(&lobby, "lost");
    server.insist(&lost).await;
    redis.servers[0].kill();
    for replica in &redis.servers[1..] {
        replica.go_on();
    }
    server.interruption().await;
    let again = server.insist(&kept).await;
    assert_ne!(again.epoch, before.epoch);
    assert_eq!((again.offset, again.duplicate), (1, true), "what survived is not stored again");
    assert_eq!(messages(&server.page(&lobby, Range::Latest(10)).await).len(), 1);
    let again = server.insist(&lost).await;
    assert_eq!((again.offset, again.duplicate), (2, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_of_sentinels_that_was_made_a_replica_by_hand_is_noticed_and_left() {
    let redis = RedisSentinel::start();
    let lobby = room("lobby");
    let mut server = Server::up_at_url(&redis.url(), PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    assert_eq!(redis.servers[0].command("REPLICAOF 127.0.0.1 1"), "+OK");
    // Nobody says anything: it is noticed all the same.
    until("the engine knows", async || !server.engine.is_up()).await;
    let refused = server.engine.publish(draft(&lobby, "refused")).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("READONLY"), "{reason}");
    redis.fail_over();
    server.insist(&draft(&lobby, "taken")).await;
    server.interruption().await;
    until("the engine is up", async || server.engine.is_up()).await;
}

/// Stands for a name that points to one server after the other, as a Service of Kubernetes does: connections that
/// there are stay where they are. Answers its address.
async fn points_to(server: watch::Receiver<u16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let port = *server.borrow();
            tokio::spawn(async move {
                let mut redis = TcpStream::connect(("127.0.0.1", port)).await?;
                tokio::io::copy_bidirectional(&mut client, &mut redis).await
            });
        }
    });
    format!("redis://{address}/0")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_points_to_another_server_is_followed_when_the_old_one_takes_no_writes() {
    let (old, new, lobby) = (RedisServer::start(), RedisServer::start(), room("lobby"));
    let (pointer, points) = watch::channel(old.port());
    let mut server = Server::up_at_url(&points_to(points).await, PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    pointer.send_replace(new.port());
    assert_eq!(old.command(&format!("REPLICAOF 127.0.0.1 {}", new.port())), "+OK");
    // Nobody says anything: it is left all the same, for commands and for subscriptions.
    server.interruption().await;
    until("the engine is up", async || server.engine.is_up()).await;
    server.say(&lobby, "hello").await;
    assert_eq!(new.command("EXISTS hubbub:{lobby}:stream"), ":1");
}
