//! Two servers on a Redis Cluster are one chat, also when a master of it is gone without a word.

use std::time::Duration;

use crate::support::{Account, Balancer, RedisCluster, TestServer, Witnesses, config, figure};

/// Clients of two servers; eight at each.
const CLIENTS: usize = 16;

/// A message from each of four in this time: 40 a second.
const PACE: Duration = Duration::from_millis(100);

async fn server_on(cluster: &RedisCluster) -> TestServer {
    let url = cluster.url();
    TestServer::start(config(&["--engine", "redis", "--redis-url", &url, "--redis-ack-replicas", "1"])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_while_a_master_is_killed_comes_to_everyone_once_and_in_order() {
    let mut cluster = RedisCluster::start();
    let servers = [server_on(&cluster).await, server_on(&cluster).await];
    for server in &servers {
        server.metric_is("hubbub_engine_up", 1.0).await;
    }
    let balancer = Balancer::start(servers.iter().map(|server| server.ports.public).collect()).await;
    let mut witnesses = Witnesses::gather(balancer.address, CLIENTS, 4, PACE).await;
    witnesses.more_messages(20).await;

    let master = cluster.first_master_of("hubbub:{lobby}");
    cluster.nodes[master].kill();
    cluster.wait_for_master(master + 3).await;
    // Without it the shard has no replica that could have anything.
    cluster.nodes[master].restart();
    witnesses.more_messages(20).await;
    let Account { acknowledged, .. } = witnesses.all_is_well().await;
    figure(
        "what_is_acknowledged_while_a_master_is_killed_comes_to_everyone_once_and_in_order",
        &format!(
            "{acknowledged} acknowledged to {CLIENTS} clients of two servers: 0 lost, 0 doubled, 0 out of order"
        ),
    );
}
