//! NATS over WebSocket: a room is a subject. It stores nothing; what a subscriber missed is gone.

use super::{Contender, Servers, Step};
use crate::{
    host::{Process, Site, Unavailable, free_ports},
    wire::Kind,
};

/// nats-server.
pub(super) struct Nats;

#[async_trait::async_trait]
impl Contender for Nats {
    fn name(&self) -> &'static str {
        "NATS"
    }

    fn scales(&self) -> bool {
        false
    }

    async fn start(&self, site: &Site, _servers: usize) -> Result<Servers, Unavailable> {
        let mut started = Servers::none();
        let ports = free_ports("nats-server", 2)?;
        let (plain, websocket) = (ports[0], ports[1]);
        let program = site.nats_server.to_string_lossy();
        let process = Process::start(site, &program, |folder| {
            let path = folder.path().join("nats.conf");
            std::fs::write(&path, settings(plain, websocket))?;
            Ok(vec!["--config".to_owned(), path.to_string_lossy().into_owned()])
        })?;
        started.add(process, websocket).await?;
        Ok(started)
    }

    fn path(&self, _room: &str) -> String {
        "/".to_owned()
    }

    fn greeting(&self, room: &str) -> Vec<Step> {
        vec![
            Step::Hear("INFO "),
            Step::Say(vec![format!("{CONNECT}SUB {room} 1\r\nPING\r\n")]),
            // It comes when the subscription is made.
            Step::Hear("PONG"),
        ]
    }

    fn kind(&self) -> Kind {
        Kind::Binary
    }

    fn publish(&self, room: &str, text: &str, _number: u64) -> String {
        format!("PUB {room} {}\r\n{text}\r\n", text.len())
    }

    fn answer(&self, payload: &[u8]) -> Option<&'static str> {
        payload.starts_with(b"PING").then_some("PONG\r\n")
    }
}

/// No answer to each command, and no headers: what a client that wants speed asks for.
const CONNECT: &str =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"rust\",\"version\":\"1\"}\r\n";

/// The limits are its own, but for the number of connections and how often it asks whether a client is there.
fn settings(plain: u16, websocket: u16) -> String {
    format!(
        "listen: 127.0.0.1:{plain}\nmax_connections: 30000\nping_interval: \"1h\"\n\
         websocket {{ listen: \"127.0.0.1:{websocket}\", no_tls: true }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_says_how_long_it_is() {
        assert_eq!(Nats.publish("room-1", "hello", 1), "PUB room-1 5\r\nhello\r\n");
    }

    #[test]
    fn a_ping_of_the_server_is_answered() {
        assert_eq!(Nats.answer(b"PING\r\n"), Some("PONG\r\n"));
        assert_eq!(Nats.answer(b"+OK\r\n"), None);
    }
}
