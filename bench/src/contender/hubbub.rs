//! Hubbub: chat-server as it is released, on either engine. What one address may do is not bounded here, since all
//! clients have the same.

use super::{Contender, Servers, Step, redis};
use crate::host::{Process, Site, Unavailable};

/// See protocol.md, "Rates".
const WITHOUT_LIMIT: [&str; 10] = [
    "frames",
    "bytes",
    "changes",
    "joins",
    "user-changes",
    "user-rooms",
    "address-rooms",
    "connects",
    "guests",
    "admissions",
];

/// More than any scenario opens.
const CONNECTIONS: usize = 20_000;

/// chat-server.
pub(super) struct Hubbub {
    name: &'static str,
    redis: bool,
}

impl Hubbub {
    pub(super) const MEMORY: Self = Self { name: "Hubbub (memory)", redis: false };
    pub(super) const REDIS: Self = Self { name: "Hubbub (Redis)", redis: true };
}

#[async_trait::async_trait]
impl Contender for Hubbub {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scales(&self) -> bool {
        self.redis
    }

    async fn start(&self, site: &Site, servers: usize) -> Result<Servers, Unavailable> {
        let redis = if self.redis { Some(redis::start(site).await?) } else { None };
        let engine = redis.as_ref().map_or_else(
            || "--engine=memory".to_owned(),
            |(_, port)| format!("--engine=redis --redis-url=redis://127.0.0.1:{port}/0"),
        );
        let mut started = Servers::beside(redis.map(|(process, _)| process));
        for _ in 0..servers {
            let (public, private) = (redis::port("chat-server")?, redis::port("chat-server")?);
            let rates = WITHOUT_LIMIT.map(|name| format!("{name}=off")).join(",");
            let flags = format!(
                "--listen=127.0.0.1:{public} --private-listen=127.0.0.1:{private} {engine} --rate={rates} \
                 --max-connections={CONNECTIONS} --server-name=bench-{public}"
            );
            let flags = flags.split(' ').map(ToOwned::to_owned).collect();
            let program = site.chat_server.to_string_lossy();
            started.add(Process::start(site, &program, |_| Ok(flags))?, public).await?;
        }
        Ok(started)
    }

    fn path(&self, _room: &str) -> String {
        "/ws".to_owned()
    }

    fn subprotocol(&self) -> Option<&'static str> {
        Some("hubbub.v1")
    }

    fn greeting(&self, room: &str) -> Vec<Step> {
        vec![
            Step::Say(r#"{"type":"hello"}"#.to_owned()),
            Step::Hear(r#""type":"welcome""#),
            Step::Say(format!(r#"{{"type":"join","room":"{room}","history":0}}"#)),
            Step::Hear(r#""type":"joined""#),
        ]
    }

    fn publish(&self, room: &str, text: &str, number: u64) -> String {
        // Rooms are of this run alone, so an id has to be new among them only.
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        format!(r#"{{"type":"send","id":"{id}","room":"{room}","text":"{text}"}}"#)
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::ClientFrame;

    use super::*;

    #[test]
    fn what_a_client_says_are_frames_of_the_protocol() {
        for step in Hubbub::MEMORY.greeting("room-1") {
            if let Step::Say(text) = step {
                ClientFrame::parse(&text).unwrap();
            }
        }
        ClientFrame::parse(&Hubbub::MEMORY.publish("room-1", "good morning", 4_711)).unwrap();
    }
}
