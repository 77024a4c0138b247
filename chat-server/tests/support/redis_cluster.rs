//! A real Redis Cluster for a test: three masters with a replica each, on free ports.

use std::time::{Duration, Instant};

use super::redis_server::{RedisServer, free_port};

/// Each master's slots, as three masters share them.
const SLOTS: [(u16, u16); 3] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];

/// By then a Cluster has come together on any machine that is not broken.
const COMES_TOGETHER_WITHIN: Duration = Duration::from_mins(1);

/// How often it is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running Cluster: nodes 0 to 2 begin as masters, 3 to 5 as their replicas.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts one. A node that is silent for two seconds is taken for dead, and its replica takes its place.
    ///
    /// # Panics
    /// When it does not come together.
    pub(crate) fn start() -> Self {
        let mut buses = Vec::new();
        let nodes: Vec<_> = (0..6)
            .map(|_| {
                let bus = std::cell::Cell::new(0);
                let node = RedisServer::start_from(|_, _| {
                    bus.set(free_port());
                    settings(bus.get())
                });
                buses.push(bus.get());
                node
            })
            .collect();
        let cluster = Self { nodes };
        for (number, node) in cluster.nodes.iter().enumerate() {
            assert_eq!(node.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)), "+OK");
            if let Some((first, last)) = SLOTS.get(number) {
                assert_eq!(node.command(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")), "+OK");
            }
        }
        let first = &cluster.nodes[0];
        for (node, bus) in cluster.nodes.iter().zip(&buses).skip(1) {
            assert_eq!(first.command(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port())), "+OK");
        }
        cluster.wait("all know each other", |node| {
            node.text("CLUSTER NODES").lines().filter(|line| !line.contains("handshake")).count() == 6
        });
        for (number, node) in cluster.nodes.iter().enumerate().skip(3) {
            let master = cluster.nodes[number - 3].text("CLUSTER MYID");
            assert_eq!(node.command(&format!("CLUSTER REPLICATE {master}")), "+OK");
        }
        cluster.wait("all slots are served", |node| {
            node.text("CLUSTER INFO").contains("cluster_state:ok")
                && node.text("CLUSTER NODES").lines().filter(|line| line.contains("slave")).count() == 3
        });
        let (masters, replicas) = cluster.nodes.split_at(3);
        wait("replicas follow", replicas, |node| {
            node.text("INFO replication").contains("master_link_status:up")
        });
        wait("masters have them", masters, |node| node.text("INFO replication").contains("state=online"));
        cluster
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis-cluster://{}/", nodes.join(","))
    }

    /// Which of the first masters had the slot of a key.
    pub(crate) fn first_master_of(&self, key: &str) -> usize {
        let slot = self.nodes[0].command(&format!("CLUSTER KEYSLOT {key}"));
        let slot: u16 = slot.trim_start_matches(':').parse().expect("a slot");
        SLOTS.iter().position(|(first, last)| (first..=last).contains(&&slot)).expect("a slot that is one")
    }

    /// Waits until a node is a master.
    pub(crate) async fn wait_for_master(&self, node: usize) {
        while !self.nodes[node].text("INFO replication").contains("role:master") {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Loses everything that was written.
    pub(crate) fn flush(&self) {
        for master in &self.nodes[..3] {
            assert_eq!(master.command("FLUSHALL"), "+OK");
        }
    }

    fn wait(&self, what: &str, holds: impl Fn(&RedisServer) -> bool) {
        wait(what, &self.nodes, holds);
    }
}

fn settings(bus: u16) -> Vec<String> {
    let bus = bus.to_string();
    [
        ["--save", ""],
        ["--cluster-enabled", "yes"],
        ["--cluster-port", &bus],
        ["--cluster-node-timeout", "2000"],
        // A shard without a master is no reason for the others to stop.
        ["--cluster-require-full-coverage", "no"],
        // A replica that lost sight of its master long ago may still take its place.
        ["--cluster-replica-validity-factor", "0"],
        // Replicas stay with their masters: the tests count on who is whose.
        ["--cluster-allow-replica-migration", "no"],
        // At once, and not after waiting for more replicas.
        ["--repl-diskless-sync-delay", "0"],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

fn wait(what: &str, nodes: &[RedisServer], holds: impl Fn(&RedisServer) -> bool) {
    let deadline = Instant::now() + COMES_TOGETHER_WITHIN;
    while !nodes.iter().all(&holds) {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
