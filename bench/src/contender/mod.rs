//! Who is measured. A contender is one file: how its servers are started, and how a client of it talks. A further one is
//! a further file, and a line in [`all`].

mod hubbub;
mod nats;
mod nchan;
mod redis;
mod socketio;

use std::net::SocketAddr;

use crate::{
    host::{Cost, Process, Site, Unavailable, local},
    wire::Kind,
};

/// What a client does between the WebSocket's opening and its being in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Sends these frames at once.
    Say(Vec<String>),
    /// Waits for a frame with this in it.
    Hear(&'static str),
}

/// A chat server, or something that can be one, and how clients of it talk.
#[async_trait::async_trait]
pub trait Contender: Sync {
    /// What the table calls it.
    fn name(&self) -> &'static str;

    /// Starts so many servers that know each other, and what they need.
    async fn start(&self, site: &Site, servers: usize) -> Result<Servers, Unavailable>;

    /// Whether several servers are one chat.
    fn scales(&self) -> bool;

    /// Whether it is of interest with several servers alone: with one it is as another contender.
    fn only_scaled(&self) -> bool {
        false
    }

    /// Whether one round of a run is enough, which has twenty minutes: its figures are far from those that are compared.
    fn has_one_round(&self) -> bool {
        false
    }

    /// Where the WebSocket is, for a member of the room.
    fn path(&self, room: &str) -> String;

    /// What is offered as `Sec-WebSocket-Protocol`.
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    /// What makes a member of the room of whoever opened the WebSocket.
    fn greeting(&self, room: &str) -> Vec<Step>;

    /// Of which kind the client's frames are.
    fn kind(&self) -> Kind {
        Kind::Text
    }

    /// What a member sends to say something. `number` is another one for each message of a fleet.
    fn publish(&self, room: &str, text: &str, number: u64) -> String;

    /// What a member sends to have another name; none where members have no names.
    fn rename(&self, _name: &str) -> Option<String> {
        None
    }

    /// What has to be answered to a frame that is no message, so that the server goes on.
    fn answer(&self, _payload: &[u8]) -> Option<&'static str> {
        None
    }
}

/// Running servers of a contender.
#[derive(Debug)]
pub struct Servers {
    /// Where clients connect.
    pub addresses: Vec<SocketAddr>,
    /// Whose cost is the contender's.
    pub processes: Vec<Process>,
    /// Accounted for apart: one, or the masters of a Cluster.
    pub redis: Vec<Process>,
    /// Where Redis is, if it is one.
    pub redis_port: Option<u16>,
    /// What stands in front of them, if anything does; accounted for apart.
    pub proxy: Option<Process>,
}

impl Servers {
    /// None yet.
    fn none() -> Self {
        Self {
            addresses: Vec::new(),
            processes: Vec::new(),
            redis: Vec::new(),
            redis_port: None,
            proxy: None,
        }
    }

    /// None yet, beside a Redis with this port.
    async fn beside_redis(site: &Site) -> Result<(Self, u16), Unavailable> {
        let (redis, port) = redis::start(site).await?;
        Ok((Self { redis: vec![redis], redis_port: Some(port), ..Self::none() }, port))
    }

    /// None yet, beside a Redis with this port if one is wanted.
    async fn beside_redis_if(wanted: bool, site: &Site) -> Result<(Self, Option<u16>), Unavailable> {
        if !wanted {
            return Ok((Self::none(), None));
        }
        let (servers, port) = Self::beside_redis(site).await?;
        Ok((servers, Some(port)))
    }

    /// None yet, beside a Redis Cluster with these ports.
    async fn beside_redis_cluster(site: &Site) -> Result<(Self, Vec<u16>), Unavailable> {
        let (redis, ports) = redis::start_cluster(site).await?;
        Ok((Self { redis, ..Self::none() }, ports))
    }

    /// Adds a server as soon as it listens.
    async fn add(&mut self, mut process: Process, port: u16) -> Result<(), Unavailable> {
        process.listens(local(port)).await?;
        self.addresses.push(local(port));
        self.processes.push(process);
        Ok(())
    }

    /// What the servers cost so far.
    pub fn cost(&self) -> Cost {
        self.processes.iter().map(Process::cost).sum()
    }

    /// What Redis cost so far.
    pub fn redis_cost(&self) -> Cost {
        self.redis.iter().map(Process::cost).sum()
    }

    /// What the proxy cost so far.
    pub fn proxy_cost(&self) -> Cost {
        self.proxy.iter().map(Process::cost).sum()
    }
}

pub use hubbub::behind_haproxy;

/// All of them. Hubbub comes first.
pub fn all() -> Vec<&'static dyn Contender> {
    vec![
        &hubbub::Hubbub::MEMORY,
        &hubbub::Hubbub::REDIS,
        &hubbub::Hubbub::CLUSTER,
        &nats::Nats,
        &nchan::Nchan::MEMORY,
        &nchan::Nchan::REDIS,
        &socketio::SocketIo::STREAMS,
        &socketio::SocketIo::PUB_SUB,
    ]
}
