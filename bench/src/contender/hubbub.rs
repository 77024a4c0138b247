//! Hubbub: chat-server as it is released, on either engine. What one address may do is not bounded here, since all
//! clients have the same.

use super::{Contender, Servers, Step};
use crate::{
    host::{Process, Site, Unavailable, free_ports, local},
    report::MEMORY,
};

/// See protocol.md, "Rates".
const WITHOUT_LIMIT: [&str; 11] = [
    "frames",
    "bytes",
    "changes",
    "joins",
    "user-changes",
    "user-rooms",
    "address-rooms",
    "connects",
    "guests",
    "requests",
    "admissions",
];

/// More than any scenario opens.
const CONNECTIONS: usize = 20_000;

/// chat-server.
pub(super) struct Hubbub {
    name: &'static str,
    engine: Engine,
}

/// What chat-server keeps its rooms in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Memory,
    Redis,
    RedisCluster,
}

impl Engine {
    /// Starts what it needs. Gives no servers yet, and the flags of chat-server.
    async fn start(self, site: &Site) -> Result<(Servers, String), Unavailable> {
        match self {
            Self::Memory => Ok((Servers::none(), "--engine=memory".to_owned())),
            Self::Redis => {
                let (servers, port) = Servers::beside_redis(site).await?;
                Ok((servers, format!("--engine=redis --redis-url=redis://127.0.0.1:{port}/0")))
            }
            Self::RedisCluster => {
                let (servers, ports) = Servers::beside_redis_cluster(site).await?;
                let nodes: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
                let nodes = nodes.join(",");
                Ok((servers, format!("--engine=redis --redis-url=redis-cluster://{nodes}/")))
            }
        }
    }
}

impl Hubbub {
    pub(super) const MEMORY: Self = Self { name: MEMORY, engine: Engine::Memory };
    pub(super) const REDIS: Self = Self { name: "Hubbub (Redis)", engine: Engine::Redis };
    pub(super) const CLUSTER: Self = Self { name: "Hubbub (Redis Cluster)", engine: Engine::RedisCluster };
}

/// As manifests/single-host has them: public and private ports of the servers, and that of HAProxy.
const SINGLE_HOST: [(u16, u16); 3] = [(4000, 4100), (4001, 4101), (4002, 4102)];
const HAPROXY: u16 = 5000;

/// The first `servers` of the three on a single host, as manifests/single-host describes it: HAProxy in front, one Redis
/// behind. Clients connect to HAProxy.
pub async fn behind_haproxy(site: &Site, servers: usize) -> Result<Servers, Unavailable> {
    let redis = Engine::Redis.start(site).await?;
    let mut started = start_at(site, redis, &SINGLE_HOST[..servers]).await?;
    let config = site.haproxy_config.to_string_lossy().into_owned();
    let mut proxy = Process::start(site, "haproxy", |_| Ok(vec!["-f".to_owned(), config]))?;
    proxy.listens(local(HAPROXY)).await?;
    started.addresses = vec![local(HAPROXY)];
    started.proxy = Some(proxy);
    Ok(started)
}

/// Starts servers at these public and private ports, on an engine that runs.
async fn start_at(
    site: &Site,
    (mut started, engine): (Servers, String),
    ports: &[(u16, u16)],
) -> Result<Servers, Unavailable> {
    for (public, private) in ports {
        let rates = WITHOUT_LIMIT.map(|name| format!("{name}=off")).join(",");
        let flags = format!(
            "--listen=127.0.0.1:{public} --private-listen=127.0.0.1:{private} {engine} --rate={rates} \
             --max-connections={CONNECTIONS} --server-name=bench-{public}"
        );
        let flags = flags.split(' ').map(ToOwned::to_owned).collect();
        let program = site.chat_server.to_string_lossy();
        started.add(Process::start(site, &program, |_| Ok(flags))?, *public).await?;
    }
    Ok(started)
}

#[async_trait::async_trait]
impl Contender for Hubbub {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scales(&self) -> bool {
        self.engine != Engine::Memory
    }

    fn only_scaled(&self) -> bool {
        self.engine == Engine::RedisCluster
    }

    fn has_one_round(&self) -> bool {
        // Beside the one with a single Redis.
        self.engine == Engine::RedisCluster
    }

    async fn start(&self, site: &Site, servers: usize) -> Result<Servers, Unavailable> {
        let engine = self.engine.start(site).await?;
        // Behind it, for it takes ports as well: two servers, or one and Redis, may not have the same one.
        let ports = free_ports("chat-server", 2 * servers)?;
        let (public, private) = ports.split_at(servers);
        let pairs: Vec<_> = public.iter().copied().zip(private.iter().copied()).collect();
        start_at(site, engine, &pairs).await
    }

    fn path(&self, _room: &str) -> String {
        "/ws".to_owned()
    }

    fn subprotocol(&self) -> Option<&'static str> {
        Some("hubbub.v1")
    }

    fn greeting(&self, room: &str) -> Vec<Step> {
        vec![
            // As the page and chat-client say it: nothing has to wait for the welcome.
            Step::Say(vec![
                r#"{"type":"hello"}"#.to_owned(),
                format!(r#"{{"type":"join","room":"{room}"}}"#),
            ]),
            Step::Hear(r#""type":"joined""#),
        ]
    }

    fn publish(&self, room: &str, text: &str, number: u64) -> String {
        // Rooms are of this run alone, so an id has to be new among them only.
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        format!(r#"{{"type":"send","id":"{id}","room":"{room}","text":"{text}"}}"#)
    }

    fn rename(&self, name: &str) -> Option<String> {
        Some(format!(r#"{{"type":"rename","name":"{name}"}}"#))
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::ClientFrame;

    use super::*;

    #[test]
    fn what_a_client_says_are_frames_of_the_protocol() {
        for step in Hubbub::MEMORY.greeting("room-1") {
            if let Step::Say(texts) = step {
                for text in texts {
                    ClientFrame::parse(&text).unwrap();
                }
            }
        }
        ClientFrame::parse(&Hubbub::MEMORY.publish("room-1", "good morning", 4_711)).unwrap();
        ClientFrame::parse(&Hubbub::MEMORY.rename("Guest 7").unwrap()).unwrap();
    }
}
