//! Follows the masters of a Redis Cluster: asks all its nodes again and again who has which slots.

use fred::prelude::{Client, ClientLike};
use fred::types::config::Server;
use fred::types::{ClusterHash, CustomCommand};

use super::cluster_view::{View, merge};
use super::poll::Poll;
use super::topology::Topology;
use super::url::Node;

/// Follows for ever, beginning with the nodes that are known.
pub(super) async fn follow(topology: &Topology, seeds: &[Node]) {
    let Some(access) = seeds.first().map(Node::access) else { return };
    let by_name = access.is_tls();
    let ask = move |client: Client| async move {
        let server = client.client_config().server.hosts().first().cloned();
        let server = server.unwrap_or_else(|| Server::new("", 0));
        let nodes = CustomCommand::new_static("CLUSTER", ClusterHash::FirstKey, false);
        let text: String = client.custom(nodes, vec!["NODES"]).await?;
        Ok(View::parse(&text, &server, by_name))
    };
    let mut poll = Poll::new(ask, topology.signals().doubts());
    poll.set(seeds);
    loop {
        match poll.next().await {
            Ok(()) => {
                let parts = merge(poll.fresh());
                if parts.is_empty() {
                    topology.set_trouble("the Cluster's slots have no masters".to_owned());
                } else {
                    topology.adopt(&parts, &access);
                }
            }
            Err(error) => topology.set_trouble(error),
        }
        let mut nodes: Vec<Node> = seeds.to_vec();
        for server in poll.fresh().flat_map(|view| &view.nodes) {
            if !nodes.iter().any(|node| node.server() == *server) {
                nodes.push(access.at(server.clone()));
            }
        }
        poll.set(&nodes);
    }
}
