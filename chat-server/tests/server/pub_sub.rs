//! Redis' pub/sub loses messages when a connection breaks. Clients lose none.

use std::time::{Duration, Instant};

use hubbub_protocol::ServerFrame;

use crate::support::{
    Account, Balancer, Client, RedisProxy, RedisServer, TestServer, Witnesses, config, figure,
};

async fn server_on(url: &str) -> TestServer {
    TestServer::start(config(&["--engine", "redis", "--redis-url", url])).await
}

/// A client of a server behind a proxy, and one of another server that has no such trouble; both in the lobby.
async fn one_behind_a_proxy(redis: &RedisServer) -> (RedisProxy, [TestServer; 2], [Client; 2]) {
    let proxy = RedisProxy::start(&redis.url()).await;
    let servers = [server_on(&proxy.url()).await, server_on(&redis.url()).await];
    let mut clients = [servers[0].guest().await, servers[1].guest().await];
    for client in &mut clients {
        client.join("lobby").await;
    }
    (proxy, servers, clients)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_while_subscriptions_are_cut_is_read_from_the_stream() {
    const CUTS: usize = 8;
    let redis = RedisServer::start();
    let servers = [server_on(&redis.url()).await, server_on(&redis.url()).await];
    let balancer = Balancer::start(servers.iter().map(|server| server.ports.public).collect()).await;
    let mut witnesses = Witnesses::gather(balancer.address, 10, 10, Duration::from_millis(50)).await;
    for _ in 0..CUTS {
        witnesses.more_messages(40).await;
        // A server may be on its way back from the last cut.
        let cut = redis.command("CLIENT KILL TYPE pubsub");
        assert!([":0", ":1", ":2"].contains(&cut.as_str()), "{cut}");
    }
    witnesses.more_messages(40).await;
    let Account { acknowledged, longest_away } = witnesses.all_is_well().await;
    assert_eq!(longest_away, Duration::ZERO, "no client noticed");
    figure(
        "what_is_said_while_subscriptions_are_cut_is_read_from_the_stream",
        &format!(
            "cut {CUTS} times, {acknowledged} messages to 10 clients: 0 lost, 0 doubled, 0 out of order"
        ),
    );
}

#[tokio::test]
async fn a_subscription_that_is_half_open_is_noticed_and_what_it_missed_is_read() {
    let redis = RedisServer::start();
    let (proxy, _servers, [mut one, mut two]) = one_behind_a_proxy(&redis).await;
    two.send("lobby", "before").await;
    for client in [&mut one, &mut two] {
        assert_eq!(client.message().await.offset, 1);
    }
    proxy.half_open();
    let began = Instant::now();
    for number in 2..=50 {
        two.send("lobby", &number.to_string()).await;
        assert_eq!(two.message().await.offset, number);
    }
    for number in 2..=50 {
        assert_eq!(one.message().await.offset, number);
    }
    figure(
        "a_subscription_that_is_half_open_is_noticed_and_what_it_missed_is_read",
        &format!("49 messages came after {} ms", began.elapsed().as_millis()),
    );
    two.send("lobby", "live").await;
    assert_eq!(one.message().await.text.as_str(), "live");
}

#[tokio::test]
async fn the_last_message_comes_by_itself_when_the_subscription_lost_it() {
    let redis = RedisServer::start();
    let (proxy, _servers, [mut one, mut two]) = one_behind_a_proxy(&redis).await;
    two.send("lobby", "heard").await;
    assert_eq!(one.message().await.offset, 1);
    proxy.set_deaf(true);
    two.send("lobby", "not heard").await;
    proxy.dropped().await;
    proxy.set_deaf(false);
    let began = Instant::now();
    assert_eq!(one.message().await.text.as_str(), "not heard");
    figure(
        "the_last_message_comes_by_itself_when_the_subscription_lost_it",
        &format!("it came after {} ms", began.elapsed().as_millis()),
    );
}

#[tokio::test]
async fn everything_lost_by_flushall_is_told_to_those_who_are_there() {
    let redis = RedisServer::start();
    let servers = [server_on(&redis.url()).await, server_on(&redis.url()).await];
    let mut clients = [servers[0].guest().await, servers[1].guest().await];
    let mut epochs = Vec::new();
    for client in &mut clients {
        let ServerFrame::Joined { epoch, .. } = client.join("lobby").await else { unreachable!() };
        epochs.push(epoch);
    }
    clients[0].send("lobby", "lost").await;
    for client in &mut clients {
        assert_eq!(client.message().await.offset, 1);
    }
    // No connection breaks by this, and nothing is said after it: the rooms find out by themselves.
    assert_eq!(redis.command("FLUSHALL"), "+OK");
    let began = Instant::now();
    for (client, before) in clients.iter_mut().zip(epochs) {
        let anew = client.find(|frame| matches!(frame, ServerFrame::Joined { .. })).await;
        let ServerFrame::Joined { epoch, offset: 0, recovered: false, .. } = anew else { panic!("{anew:?}") };
        assert_ne!(epoch, before);
    }
    figure(
        "everything_lost_by_flushall_is_told_to_those_who_are_there",
        &format!("told on both servers after {} ms", began.elapsed().as_millis()),
    );
    clients[0].send("lobby", "goes on").await;
    for client in &mut clients {
        let message = client.message().await;
        assert_eq!((message.offset, message.text.as_str()), (1, "goes on"));
    }
}
