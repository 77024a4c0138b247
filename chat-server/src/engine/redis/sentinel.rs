//! Follows the master that Sentinels look after: asks all of them again and again where it is.

use fred::prelude::{Client, ClientLike, Error, Value};
use fred::types::config::Server;
use fred::types::{ClusterHash, CustomCommand};
use std::collections::HashMap;

use super::poll::Poll;
use super::topology::{ALL_SLOTS, Part, Topology};
use super::url::{Access, Node};

/// What one Sentinel says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    master: Server,
    /// Grows with each failover: of two that tell of different masters the one of the greater epoch is right.
    epoch: u64,
}

/// Follows for ever.
pub(super) async fn follow(topology: &Topology, sentinels: &[Node], name: &str, access: &Access) {
    let name = name.to_owned();
    let ask = move |client: Client| ask(client, name.clone());
    let mut poll = Poll::new(ask, topology.signals().doubts());
    poll.set(sentinels);
    loop {
        if let Err(error) = poll.next().await {
            topology.set_trouble(error);
        }
        if let Some(master) = right(poll.fresh()) {
            let parts = [Part { slots: ALL_SLOTS, server: master.clone() }];
            topology.adopt(&parts, access);
        }
    }
}

async fn ask(client: Client, name: String) -> Result<Told, Error> {
    let sentinel = || CustomCommand::new_static("SENTINEL", ClusterHash::FirstKey, false);
    // While a failover is under way only this one tells of the new master.
    let arguments = vec!["GET-MASTER-ADDR-BY-NAME", &name];
    let (host, port): (String, u16) = client.custom(sentinel(), arguments).await?;
    let state: HashMap<String, Value> = client.custom(sentinel(), vec!["MASTER", &name]).await?;
    let epoch = state.get("config-epoch").and_then(Value::as_u64).unwrap_or(0);
    Ok(Told { master: Server::new(host, port), epoch })
}

/// Who is the master, by what the Sentinels told.
fn right<'a>(told: impl Iterator<Item = &'a Told>) -> Option<&'a Server> {
    told.max_by_key(|told| told.epoch).map(|told| &told.master)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentinel_that_saw_the_latest_failover_is_right() {
        let told = |port, epoch| Told { master: Server::new("a", port), epoch };
        assert_eq!(right([].into_iter()), None);
        let views = [told(1, 3), told(2, 4), told(1, 0)];
        assert_eq!(right(views.iter()), Some(&Server::new("a", 2)));
    }
}
