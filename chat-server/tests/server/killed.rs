//! A server is gone without a word, as after SIGKILL: its clients go on elsewhere.

use std::time::Duration;

use crate::support::{Account, Balancer, Process, RedisServer, Witnesses, figure};

/// Clients of three servers; ten at each.
const CLIENTS: usize = 30;

/// A message from each of six in this time: 120 a second.
const PACE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_killed_server_resume_at_another_and_miss_nothing() {
    let redis = RedisServer::start();
    let (mut servers, mut addresses) = (Vec::new(), Vec::new());
    for name in ["one", "two", "three"] {
        let (process, address) = Process::on_redis(&redis, name).await;
        servers.push(process);
        addresses.push(address);
    }
    let balancer = Balancer::start(addresses).await;
    let mut witnesses = Witnesses::gather(balancer.address, CLIENTS, 6, PACE).await;
    witnesses.more_messages(100).await;

    servers.remove(0).kill().await;
    witnesses
        .until("all are at another server", |records| {
            records.iter().all(|record| record.servers.last().is_some_and(|server| server != "one"))
        })
        .await;
    witnesses.more_messages(100).await;
    let moved = witnesses.look(|records| records.iter().filter(|record| record.servers.len() > 1).count());
    assert_eq!(moved, CLIENTS / 3);
    let Account { acknowledged, longest_away } = witnesses.all_is_well().await;
    figure(
        "clients_of_a_killed_server_resume_at_another_and_miss_nothing",
        &format!(
            "{moved} of {CLIENTS} clients moved, the last after {} ms; {acknowledged} messages: 0 lost, 0 doubled, 0 out of order",
            longest_away.as_millis()
        ),
    );
}
