//! How a Redis engine is to be.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fred::prelude::Config;
use fred::types::RespVersion;
use hubbub_protocol::limits::PRESENCE_LEASE;

/// Why a text is no address of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It begins with neither.
    #[error("has to begin with redis:// or rediss:// (TLS), as redis://host:6379/0")]
    Scheme,
    /// It names no host, or its port or database is no number.
    #[error("is no address of a Redis, as redis://host:6379/0 would be: {0}")]
    Malformed(String),
}

/// Where a Redis is: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
///
/// ```
/// use chat_server::engine::redis::{InvalidRedisUrl, RedisUrl};
/// assert!("redis://:secret@redis.chat.svc:6379/0".parse::<RedisUrl>().is_ok());
/// assert_eq!("http://redis:6379".parse::<RedisUrl>(), Err(InvalidRedisUrl::Scheme));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(Config);

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(url: &str) -> Result<Self, InvalidRedisUrl> {
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(InvalidRedisUrl::Scheme);
        }
        let config = Config::from_url_centralized(url)
            .map_err(|error| InvalidRedisUrl::Malformed(error.details().to_owned()))?;
        if config.server.hosts().iter().any(|server| server.host.is_empty()) {
            return Err(InvalidRedisUrl::Malformed("it names no host".to_owned()));
        }
        // RESP3: subscriptions and pings share a connection.
        Ok(Self(Config { version: RespVersion::RESP3, ..config }))
    }
}

impl RedisUrl {
    /// For fred.
    pub(super) fn config(&self) -> Config {
        self.0.clone()
    }
}

impl fmt::Display for RedisUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.0.server.hosts().iter().map(ToString::to_string).collect();
        f.write_str(&servers.join(","))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

/// How a [`RedisEngine`](super::RedisEngine) is to be.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Where the Redis is.
    pub url: RedisUrl,
    /// How many messages of a room are kept at least; up to a node of Redis' stream (100) more may be.
    pub history: usize,
    /// What the leases of this server are called; a random part is added.
    pub server: String,
    /// How long the presence of this server outlives it. The same for all servers of a Redis.
    pub presence_lease: Duration,
    /// How often rooms that nobody wrote to yet are kept for those who are in them.
    pub keep_rooms: Duration,
}

/// 24 times before such a room is forgotten.
const KEEP_ROOMS: Duration = Duration::from_hours(1);

impl RedisOptions {
    /// With the lease of the protocol.
    pub fn new(url: RedisUrl, history: usize, server: String) -> Self {
        Self { url, history, server, presence_lease: PRESENCE_LEASE, keep_rooms: KEEP_ROOMS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_redis_is_named() {
        for url in ["", "redis", "localhost:6379", "http://redis:6379", "redis-cluster://redis:6379"] {
            assert_eq!(url.parse::<RedisUrl>(), Err(InvalidRedisUrl::Scheme), "{url:?}");
        }
        assert!("rediss://host:6380/0".parse::<RedisUrl>().is_ok());
        for url in ["redis://", "redis://host:port", "redis://host:6379/one", "redis://host:6379/0/1"] {
            assert!(matches!(url.parse::<RedisUrl>(), Err(InvalidRedisUrl::Malformed(_))), "{url:?}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        let url: RedisUrl = "redis://user:secret@host:6380/1".parse().unwrap();
        assert_eq!(url.to_string(), "host:6380");
        assert_eq!(format!("{url:?}"), "RedisUrl(host:6380)");
    }
}
