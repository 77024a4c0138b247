//! What the nodes of a Cluster say about who has which slots, and what is true of it. No I/O.

use std::ops::RangeInclusive;

use fred::types::config::Server;

use super::topology::{ALL_SLOTS, Part};

/// What one node says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    /// All nodes that it knows and that have an address.
    pub(super) nodes: Vec<Server>,
    claims: Vec<Claim>,
}

/// Slots that a node has, as far as the one that was asked knows.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    slots: RangeInclusive<u16>,
    /// Grows whenever slots get another master: of two claims to a slot the one of the greater epoch holds.
    epoch: u64,
    server: Server,
}

impl View {
    /// Reads the answer to CLUSTER NODES. Lines that can't be read are left out: what they claim others claim, too.
    ///
    /// `asked` is the node that answered, which may not know its own address; `by_name` says whether nodes are to
    /// be called by their announced names.
    pub(super) fn parse(text: &str, asked: &Server, by_name: bool) -> Self {
        let mut view = Self { nodes: Vec::new(), claims: Vec::new() };
        for line in text.lines() {
            view.read(line, asked, by_name);
        }
        view
    }

    /// `<id> <ip:port@bus[,name]> <flags> <master> <ping> <pong> <epoch> <link> <slot> <first-last> [<slot>->-<id>]`
    fn read(&mut self, line: &str, asked: &Server, by_name: bool) -> Option<()> {
        let mut fields = line.split(' ');
        let address = fields.nth(1)?;
        let flags: Vec<_> = fields.next()?.split(',').collect();
        let epoch = fields.nth(3)?.parse().ok()?;
        if flags.iter().any(|flag| ["noaddr", "handshake"].contains(flag)) {
            return None;
        }
        let server = server(address, by_name, flags.contains(&"myself").then_some(asked))?;
        self.nodes.push(server.clone());
        for slots in fields.skip(1) {
            let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
            // A slot that is on its way, `[93-<-id]`, is with its old master until it is the new one's.
            let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else { continue };
            self.claims.push(Claim { slots: first..=last, epoch, server: server.clone() });
        }
        Some(())
    }
}

fn server(address: &str, by_name: bool, myself: Option<&Server>) -> Option<Server> {
    let mut parts = address.split(',');
    let (host, port) = parts.next()?.split('@').next()?.rsplit_once(':')?;
    let port = port.parse().ok().filter(|&port| port != 0)?;
    let name = parts.next().filter(|name| by_name && !name.is_empty() && !name.contains('='));
    match name.unwrap_or(host) {
        "" => myself.cloned(),
        host => Some(Server::new(host, port)),
    }
}

/// Who has which slots, by all that the nodes say: neighbouring slots of one server as one part.
pub(super) fn merge<'a>(views: impl Iterator<Item = &'a View>) -> Vec<Part> {
    let mut holders: Vec<Option<&Claim>> = vec![None; ALL_SLOTS.len()];
    for claim in views.flat_map(|view| &view.claims) {
        for slot in claim.slots.clone() {
            let Some(holder) = holders.get_mut(usize::from(slot)) else { continue };
            if holder.is_none_or(|holder| holder.epoch < claim.epoch) {
                *holder = Some(claim);
            }
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    for (slot, holder) in ALL_SLOTS.zip(holders) {
        let Some(Claim { server, .. }) = holder else { continue };
        match parts.last_mut() {
            Some(part) if part.server == *server && part.slots.end() + 1 == slot => {
                part.slots = *part.slots.start()..=slot;
            }
            _ => parts.push(Part { slots: slot..=slot, server: server.clone() }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
        a1 127.0.0.1:7001@17001,one myself,master - 0 0 1 connected 0-5460 5462\n\
        b2 127.0.0.1:7002@17002,two master - 0 0 2 connected 5461 5463-16383 [93-<-a1]\n\
        c3 127.0.0.1:7003@17003,three slave a1 0 0 1 connected\n\
        d4 :0@0 master,noaddr - 0 0 9 disconnected 7\n";
    const AFTER: &str = "\
        a1 127.0.0.1:7001@17001 master,fail - 0 0 1 disconnected\n\
        b2 127.0.0.1:7002@17002 master - 0 0 2 connected 5461 5463-16383\n\
        c3 :7003@17003 myself,master - 0 0 3 connected 0-5460 5462\n";

    fn view(text: &str, port: u16) -> View {
        View::parse(text, &Server::new("seed", port), false)
    }

    fn part(slots: RangeInclusive<u16>, port: u16) -> Part {
        Part { slots, server: Server::new("127.0.0.1", port) }
    }

    #[test]
    fn a_node_says_who_has_which_slots() {
        let view = view(BEFORE, 7001);
        assert_eq!(view.nodes.iter().map(|server| server.port).collect::<Vec<_>>(), [7001, 7002, 7003]);
        let parts = [
            part(0..=5460, 7001),
            part(5461..=5461, 7002),
            part(5462..=5462, 7001),
            part(5463..=16383, 7002),
        ];
        assert_eq!(merge([&view].into_iter()), parts);
    }

    #[test]
    fn the_greater_epoch_holds_whoever_says_so() {
        let (before, after) = (view(BEFORE, 7001), view(AFTER, 7003));
        for views in [[&before, &after], [&after, &before]] {
            let ports: Vec<_> = merge(views.into_iter()).iter().map(|part| part.server.port).collect();
            assert_eq!(ports, [7003, 7002, 7003, 7002]);
        }
    }

    #[test]
    fn a_node_that_does_not_know_its_address_has_that_at_which_it_was_asked() {
        assert!(view(AFTER, 7003).nodes.contains(&Server::new("seed", 7003)));
    }

    #[test]
    fn with_tls_nodes_are_called_by_their_names() {
        let view = View::parse(BEFORE, &Server::new("seed", 7001), true);
        assert_eq!(view.nodes[1], Server::new("two", 7002));
    }

    #[test]
    fn what_is_no_answer_claims_nothing() {
        for text in ["", "ERR", "a b c d e f g h i", "a1 127.0.0.1:1@2 master - 0 0 1 connected 9-70000 x-"] {
            assert_eq!(merge([&view(text, 1)].into_iter()), [], "{text:?}");
        }
    }
}
