//! Socket.IO over WebSocket alone: Engine.IO 4 (a digit before each packet) and Socket.IO 5 (another digit). The server
//! is `bench/peers/socketio/server.js`.

use super::{Contender, Servers, Step};
use crate::host::{Process, Site, Unavailable, free_port};

/// Socket.IO on Node.
pub(super) struct SocketIo {
    name: &'static str,
    adapter: &'static str,
}

impl SocketIo {
    pub(super) const STREAMS: Self = Self { name: "Socket.IO (Redis streams)", adapter: "streams" };
    pub(super) const PUB_SUB: Self = Self { name: "Socket.IO (Redis)", adapter: "pubsub" };
}

#[async_trait::async_trait]
impl Contender for SocketIo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scales(&self) -> bool {
        true
    }

    fn has_one_round(&self) -> bool {
        // A fraction of what the others deliver, in every scenario.
        true
    }

    async fn start(&self, site: &Site, servers: usize) -> Result<Servers, Unavailable> {
        let (mut started, redis_port) = Servers::beside_redis(site).await?;
        for _ in 0..servers {
            let port = free_port("node")?;
            let process = Process::start(site, "node", |_| {
                Ok(vec![
                    site.peers.join("socketio/server.js").to_string_lossy().into_owned(),
                    port.to_string(),
                    self.adapter.to_owned(),
                    format!("redis://127.0.0.1:{redis_port}"),
                ])
            })?;
            started.add(process, port).await?;
        }
        Ok(started)
    }

    fn path(&self, _room: &str) -> String {
        "/socket.io/?EIO=4&transport=websocket".to_owned()
    }

    fn greeting(&self, room: &str) -> Vec<Step> {
        vec![
            // Engine.IO: open; Socket.IO: connect to the namespace "/", and an event with an acknowledgement (number 0).
            Step::Hear("0{"),
            Step::Say(vec!["40".to_owned()]),
            Step::Hear("40{"),
            Step::Say(vec![format!(r#"420["join","{room}"]"#)]),
            Step::Hear("430["),
        ]
    }

    fn publish(&self, room: &str, text: &str, _number: u64) -> String {
        format!(r#"42["say","{room}","{text}"]"#)
    }

    fn answer(&self, payload: &[u8]) -> Option<&'static str> {
        // Engine.IO: ping and pong.
        (payload == b"2").then_some("3")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_of_the_server_is_answered() {
        assert_eq!(SocketIo::STREAMS.answer(b"2"), Some("3"));
        assert_eq!(SocketIo::STREAMS.answer(b"40{\"sid\":\"2\"}"), None);
    }
}
