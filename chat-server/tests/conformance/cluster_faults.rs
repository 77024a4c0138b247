//! What chat on a Redis Cluster promises when nodes fail: three masters with a replica each.

use std::time::Duration;

use chat_server::engine::{EngineError, Range};
use hubbub_protocol::limits::PRESENCE_LEASE;
use hubbub_protocol::{RoomName, SessionId};

use crate::figure::figure;
use crate::redis_cluster::RedisCluster;
use crate::talk::{self, in_words, talk};
use crate::world::{Server, draft, messages, room, until, user};

/// A room in each shard, in the order of the masters.
fn rooms(cluster: &RedisCluster) -> Vec<RoomName> {
    let in_shard = |shard| {
        (0..1_000)
            .map(|number| format!("room-{number}"))
            .find(|name| cluster.first_master_of(&format!("{{{name}}}")) == shard)
            .map(|name| room(&name))
            .unwrap()
    };
    (0..3).map(in_shard).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_costs_its_shard_a_failover_and_loses_nothing_acknowledged() {
    let mut cluster = RedisCluster::start();
    let rooms = rooms(&cluster);
    let speaker = talk::server(&cluster.url(), 1).await;
    let mut listener = talk::server(&cluster.url(), 1).await;
    let said = talk(&speaker, &mut listener, &rooms, async || {
        cluster.nodes[0].kill();
        cluster.wait_for_master(3).await;
        // Without it the shard has no replica that could have anything.
        cluster.nodes[0].restart();
    })
    .await;
    assert_eq!(said.iter().map(|said| said.lost).sum::<usize>(), 0);
    figure(
        "a_master_that_is_killed_costs_its_shard_a_failover_and_loses_nothing_acknowledged",
        &in_words(&said, |room| *room == rooms[0]),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_answers_nothing_any_more_is_left_and_loses_nothing_acknowledged() {
    let cluster = RedisCluster::start();
    let rooms = rooms(&cluster);
    let speaker = talk::server(&cluster.url(), 1).await;
    let mut listener = talk::server(&cluster.url(), 1).await;
    let said = talk(&speaker, &mut listener, &rooms, async || {
        cluster.nodes[1].stop();
        cluster.wait_for_master(4).await;
        cluster.nodes[1].go_on();
    })
    .await;
    assert_eq!(said.iter().map(|said| said.lost).sum::<usize>(), 0);
    figure(
        "a_master_that_answers_nothing_any_more_is_left_and_loses_nothing_acknowledged",
        &in_words(&said, |room| *room == rooms[1]),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chat_goes_on_while_one_node_of_each_pair_is_killed_after_the_other() {
    let mut cluster = RedisCluster::start();
    let rooms = rooms(&cluster);
    // Three replicas are left, and none of them has one: none is asked for.
    let speaker = talk::server(&cluster.url(), 0).await;
    let mut listener = talk::server(&cluster.url(), 0).await;
    let said = talk(&speaker, &mut listener, &rooms, async || {
        for node in 0..3 {
            cluster.nodes[node].kill();
            cluster.wait_for_master(node + 3).await;
            until("the cluster serves all slots", async || {
                cluster.nodes[5].text("CLUSTER INFO").contains("cluster_slots_fail:0")
                    && cluster.nodes[5].text("CLUSTER INFO").contains("cluster_state:ok")
            })
            .await;
        }
    })
    .await;
    figure("chat_goes_on_while_one_node_of_each_pair_is_killed_after_the_other", &in_words(&said, |_| true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_that_lost_the_tail_is_another_epoch_and_keeps_the_rest() {
    let mut cluster = RedisCluster::start();
    let lobby = rooms(&cluster).remove(0);
    let mut server = Server::up_at_url(&cluster.url(), PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    let kept = draft(&lobby, "kept");
    let before = server.insist(&kept).await;
    assert_eq!(cluster.nodes[0].command("WAIT 1 10000"), ":1");
    // From here on the replica gets nothing.
    cluster.nodes[3].stop();
    assert_eq!(cluster.nodes[0].command("CLIENT KILL TYPE replica"), ":1");
    let lost = draft(&lobby, "lost");
    server.insist(&lost).await;
    cluster.nodes[0].kill();
    cluster.nodes[3].go_on();

    server.interruption().await;
    let again = server.insist(&kept).await;
    assert_ne!(again.epoch, before.epoch);
    assert_eq!((again.offset, again.duplicate), (1, true), "what survived is not stored again");
    let page = server.page(&lobby, Range::Latest(10)).await;
    assert_eq!((messages(&page).len(), page.epoch), (1, again.epoch));
    let again = server.insist(&lost).await;
    assert_eq!((again.offset, again.duplicate), (2, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_flushall_on_one_master_its_rooms_have_another_epoch() {
    let cluster = RedisCluster::start();
    let rooms = rooms(&cluster);
    let server = Server::up_at_url(&cluster.url(), PRESENCE_LEASE).await;
    let mut before = Vec::new();
    for room in &rooms {
        before.push(server.say(room, "before").await.epoch);
    }
    assert_eq!(cluster.nodes[1].command("FLUSHALL"), "+OK");
    for (shard, room) in rooms.iter().enumerate() {
        let after = server.say(room, "after").await;
        assert_eq!(
            (after.epoch != before[shard], after.offset),
            (shard == 1, if shard == 1 { 1 } else { 2 })
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_promoted_and_takes_no_writes_is_noticed_and_left() {
    let cluster = RedisCluster::start();
    let lobby = rooms(&cluster).remove(2);
    let mut server = Server::up_at_url(&cluster.url(), PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    // It wants replicas that there are not.
    assert_eq!(cluster.nodes[5].command("CONFIG SET min-replicas-to-write 4"), "+OK");
    assert_eq!(cluster.nodes[5].command("CLUSTER FAILOVER TAKEOVER"), "+OK");
    // Nobody says anything: it is noticed all the same.
    until("the engine knows", async || !server.engine.is_up()).await;
    let refused = server.engine.publish(draft(&lobby, "refused")).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("NOREPLICAS"), "{reason}");

    until("it follows", async || cluster.nodes[2].text("INFO replication").contains("link_status:up")).await;
    assert_eq!(cluster.nodes[2].command("CLUSTER FAILOVER TAKEOVER"), "+OK");
    server.insist(&draft(&lobby, "taken")).await;
    server.interruption().await;
    until("the engine is up", async || server.engine.is_up()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_whose_slot_moves_to_another_master_is_heard_from_there() {
    let cluster = RedisCluster::start();
    let lobby = rooms(&cluster).remove(0);
    let mut server = Server::up_at_url(&cluster.url(), PRESENCE_LEASE).await;
    server.engine.subscribe(&lobby).await.unwrap();
    server.say(&lobby, "before").await;
    let slot = cluster.nodes[0].command(&format!("CLUSTER KEYSLOT {{{lobby}}}"));
    let slot = slot.trim_start_matches(':');
    let (from, to) = (&cluster.nodes[0], &cluster.nodes[1]);
    let (from_id, to_id) = (from.text("CLUSTER MYID"), to.text("CLUSTER MYID"));
    assert_eq!(to.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")), "+OK");
    assert_eq!(from.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")), "+OK");
    let left = || from.command(&format!("CLUSTER COUNTKEYSINSLOT {slot}")) != ":0";
    while left() {
        let keys = from.texts(&format!("CLUSTER GETKEYSINSLOT {slot} 100")).join(" ");
        let migrated = from.command(&format!("MIGRATE 127.0.0.1 {} \"\" 0 5000 KEYS {keys}", to.port()));
        assert_eq!(migrated, "+OK");
    }
    for node in [to, from] {
        assert_eq!(node.command(&format!("CLUSTER SETSLOT {slot} NODE {to_id}")), "+OK");
    }
    let after = server.insist(&draft(&lobby, "after")).await;
    assert_eq!(after.offset, 2, "what was said before has moved along");
    server.interruption().await;
    server.insist(&draft(&lobby, "heard")).await;
    server.wait_for(|event| crate::world::told_text(event).as_deref() == Some("heard")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_replicas_a_message_is_refused_and_acknowledged_once_when_they_are_back() {
    let cluster = RedisCluster::start();
    let lobby = rooms(&cluster).remove(0);
    let server = talk::server(&cluster.url(), 1).await;
    cluster.nodes[3].stop();
    let message = draft(&lobby, "hello");
    let refused = server.engine.publish(message.clone()).await;
    let Err(EngineError::Unavailable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("not known to be on enough replicas"), "{reason}");
    let ada = user("Ada");
    server.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
    assert_eq!(server.engine.roster(&lobby, 10).await.unwrap().members, [ada], "nothing else waits for them");
    cluster.nodes[3].go_on();
    let stored = server.insist(&message).await;
    assert_eq!((stored.offset, stored.duplicate), (1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_whose_entry_was_lost_in_a_failover_are_back_and_those_who_left_stay_away() {
    let mut cluster = RedisCluster::start();
    // The leases are in another shard, and survive.
    let leases = cluster.first_master_of("hubbub:servers");
    let shard = (leases + 1) % 3;
    let lobby = rooms(&cluster).remove(shard);
    let lease = Duration::from_secs(4);
    let server = Server::up_at_url(&cluster.url(), lease).await;
    server.engine.subscribe(&lobby).await.unwrap();
    let (ada, grace, session) = (user("Ada"), user("Grace"), SessionId::random());
    server.engine.enter(&lobby, &ada, session).await.unwrap();
    assert_eq!(cluster.nodes[shard].command("WAIT 1 10000"), ":1");
    cluster.nodes[shard + 3].stop();
    assert_eq!(cluster.nodes[shard].command("CLIENT KILL TYPE replica"), ":1");
    server.engine.leave(&lobby, ada.id, session).await.unwrap();
    server.engine.enter(&lobby, &grace, SessionId::random()).await.unwrap();
    cluster.nodes[shard].kill();
    cluster.nodes[shard + 3].go_on();
    server.wait_for_members(&lobby, &[&grace]).await;
}
