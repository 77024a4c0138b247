//! How a Redis engine is to be.

use std::time::Duration;

use hubbub_protocol::limits::PRESENCE_LEASE;

use super::url::RedisUrl;
use crate::engine::HistoryLimits;

/// How a [`RedisEngine`](super::RedisEngine) is to be.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Where the Redis is.
    pub url: RedisUrl,
    /// How much of a room's stream is kept. The same for all servers of a Redis.
    pub history: HistoryLimits,
    /// How many replicas have to have what is acknowledged to a client; 0: the master alone.
    pub ack_replicas: u8,
    /// What the leases of this server are called; a random part is added.
    pub server: String,
    /// How long the presence of this server outlives it. The same for all servers of a Redis.
    pub presence_lease: Duration,
    /// How long a call is tried before its caller is told that Redis is away.
    pub patience: Duration,
    /// How often rooms that nobody wrote to yet are kept for those who are in them.
    pub keep_rooms: Duration,
}

/// 24 times before such a room is forgotten.
const KEEP_ROOMS: Duration = Duration::from_hours(1);

/// The promise of docs/protocol.md is 2 s, the rest is for the way to the client.
const PATIENCE: Duration = Duration::from_millis(1_800);

impl RedisOptions {
    /// With the times of the protocol, and without replicas.
    pub fn new(url: RedisUrl, history: HistoryLimits, server: String) -> Self {
        Self {
            url,
            history,
            ack_replicas: 0,
            server,
            presence_lease: PRESENCE_LEASE,
            patience: PATIENCE,
            keep_rooms: KEEP_ROOMS,
        }
    }
}
