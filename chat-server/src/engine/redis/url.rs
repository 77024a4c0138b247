//! Where a Redis is: one server, a Cluster, or what Sentinels look after.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fred::prelude::Config;
use fred::types::RespVersion;
use fred::types::config::{Server, ServerConfig};

/// Why a text is no address of a Redis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It begins with none of them.
    #[error(
        "has to begin with redis://, redis-cluster:// or redis-sentinel:// (with TLS: rediss...), as \
         redis://host:6379/0"
    )]
    Scheme,
    /// It names no host, or its port or database is no number.
    #[error("is no address of a Redis, as redis://host:6379/0 would be: {0}")]
    Malformed(String),
    /// It names no host, or has a path.
    #[error("is no address of a Cluster, as redis-cluster://host:7001,host:7002/ would be: {0}")]
    Cluster(String),
    /// It names no host or no master.
    #[error("is no address of Sentinels, as redis-sentinel://host:26379,host:26379/MASTER would be: {0}")]
    Sentinel(String),
}

/// Where a Redis is; `rediss` in place of `redis` is TLS.
///
/// | | |
/// |---|---|
/// | `redis://[user:password@]host[:port][/database]` | one server |
/// | `redis-cluster://[user:password@]host[:port],host[:port],.../` | some nodes of a Cluster; the others are found |
/// | `redis-sentinel://[user:password@]host[:port],.../master[?sentinel-auth=[user]:password]` | Sentinels, and what they call the master. User and password are those of the master |
///
/// ```
/// use chat_server::engine::redis::{InvalidRedisUrl, RedisUrl};
/// assert!("redis://:secret@redis.chat.svc:6379/0".parse::<RedisUrl>().is_ok());
/// assert!("redis-cluster://a:7001,b:7001,c:7001/".parse::<RedisUrl>().is_ok());
/// assert!("redis-sentinel://a,b,c/chat".parse::<RedisUrl>().is_ok());
/// assert_eq!("http://redis:6379".parse::<RedisUrl>(), Err(InvalidRedisUrl::Scheme));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(Arc<Layout>);

/// What there is at an address.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// One server, which is the master.
    Alone(Node),
    /// Nodes of a Cluster.
    Cluster(Vec<Node>),
    /// Sentinels, which know where the master is.
    Sentinel {
        /// Where they are.
        sentinels: Vec<Node>,
        /// What they call the master.
        master: String,
        /// How to get into the servers that they look after.
        access: Access,
    },
}

/// How to get into a server: user, password, TLS, database.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Access(Config);

impl Access {
    /// A server that is got into in this way.
    pub(super) fn at(&self, server: Server) -> Node {
        Node { config: Config { server: ServerConfig::Centralized { server }, ..self.0.clone() } }
    }

    /// Whether it is by TLS, for which a server's name counts.
    pub(super) fn is_tls(&self) -> bool {
        self.0.tls.is_some()
    }
}

/// A server, and how to get into it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Node {
    config: Config,
}

impl Node {
    /// From what stands between `redis://` and a database.
    fn parse(scheme: &str, credentials: &str, host: &str, default_port: u16) -> Result<Self, String> {
        let named = host.rsplit_once(']').map_or(host, |(_, after)| after);
        let port = if named.contains(':') { String::new() } else { format!(":{default_port}") };
        Self::centralized(&format!("{scheme}://{credentials}{host}{port}"))
    }

    fn centralized(url: &str) -> Result<Self, String> {
        let config = Config::from_url_centralized(url).map_err(|error| error.details().to_owned())?;
        if config.server.hosts().iter().any(|server| server.host.is_empty()) {
            return Err("it names no host".to_owned());
        }
        // RESP3: subscriptions and pings share a connection.
        Ok(Self { config: Config { version: RespVersion::RESP3, ..config } })
    }

    /// For fred.
    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Which server it is.
    pub(super) fn server(&self) -> Server {
        self.config.server.hosts().first().cloned().unwrap_or_else(|| Server::new("", 0))
    }

    /// How it is got into.
    pub(super) fn access(&self) -> Access {
        Access(self.config.clone())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.server())
    }
}

/// What stands behind the scheme of an address of several servers.
struct Several<'a> {
    nodes: Vec<Node>,
    credentials: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Several<'a> {
    fn parse(scheme: &str, rest: &'a str, default_port: u16) -> Result<Self, String> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let nodes = hosts
            .split(',')
            .map(|host| Node::parse(scheme, credentials, host, default_port))
            .collect::<Result<_, _>>()?;
        Ok(Self { nodes, credentials, path, query })
    }
}

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(url: &str) -> Result<Self, InvalidRedisUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidRedisUrl::Scheme)?;
        let plain = if scheme.starts_with("rediss") { "rediss" } else { "redis" };
        match scheme.strip_prefix(plain) {
            Some("") => Node::centralized(url).map(Layout::Alone).map_err(InvalidRedisUrl::Malformed),
            Some("-cluster") => cluster(plain, rest).map_err(InvalidRedisUrl::Cluster),
            Some("-sentinel") => sentinel(plain, rest).map_err(InvalidRedisUrl::Sentinel),
            _ => Err(InvalidRedisUrl::Scheme),
        }
        .map(|layout| Self(Arc::new(layout)))
    }
}

fn cluster(scheme: &str, rest: &str) -> Result<Layout, String> {
    let Several { nodes, path, query, .. } = Several::parse(scheme, rest, 6379)?;
    if path.is_empty() && query.is_empty() {
        Ok(Layout::Cluster(nodes))
    } else {
        Err("a Cluster has no databases, and nothing else can be said behind the hosts".to_owned())
    }
}

fn sentinel(scheme: &str, rest: &str) -> Result<Layout, String> {
    let Several { nodes, credentials, path, query } = Several::parse(scheme, rest, 26379)?;
    if path.is_empty() || path.contains('/') {
        return Err("the path has to be what the Sentinels call the master".to_owned());
    }
    let own_credentials = match query.split_once('=') {
        None if query.is_empty() => String::new(),
        Some(("sentinel-auth", credentials)) => format!("{credentials}@"),
        _ => return Err("behind ? may be only sentinel-auth=[user]:password".to_owned()),
    };
    let access = |credentials: &str| Node::parse(scheme, credentials, "host", 0).map(|node| node.access());
    let (to_sentinels, to_servers) = (access(&own_credentials)?, access(credentials)?);
    Ok(Layout::Sentinel {
        sentinels: nodes.iter().map(|node| to_sentinels.at(node.server())).collect(),
        master: path.to_owned(),
        access: to_servers,
    })
}

impl RedisUrl {
    /// What there is.
    pub(super) fn layout(&self) -> &Layout {
        &self.0
    }
}

impl fmt::Display for RedisUrl {
    /// Without the passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[Node]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match self.layout() {
            Layout::Alone(node) => write!(f, "{node}"),
            Layout::Cluster(nodes) => write!(f, "cluster {}", list(nodes)),
            Layout::Sentinel { sentinels, master, .. } => {
                write!(f, "{master} of sentinels {}", list(sentinels))
            }
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, InvalidRedisUrl> {
        url.parse::<RedisUrl>().map(|url| url.to_string())
    }

    #[test]
    fn what_is_no_address_of_a_redis_is_named() {
        for url in ["", "redis", "localhost:6379", "http://redis:6379", "redis-ring://a", "redissss://a"] {
            assert_eq!(read(url), Err(InvalidRedisUrl::Scheme), "{url:?}");
        }
        assert!(read("rediss://host:6380/0").is_ok());
        for url in ["redis://", "redis://host:port", "redis://host:6379/one", "redis://host:6379/0/1"] {
            assert!(matches!(read(url), Err(InvalidRedisUrl::Malformed(_))), "{url:?}");
        }
    }

    #[test]
    fn a_cluster_is_some_of_its_nodes() {
        assert_eq!(read("redis-cluster://a:7001,b,[::1]:7003/").unwrap(), "cluster a:7001,b:6379,[::1]:7003");
        assert!(read("rediss-cluster://user:p%2Fw@a:7001").is_ok());
        for url in
            ["redis-cluster://", "redis-cluster://a,,b/", "redis-cluster://a:x/", "redis-cluster://a/1"]
        {
            assert!(matches!(read(url), Err(InvalidRedisUrl::Cluster(_))), "{url:?}");
        }
    }

    #[test]
    fn sentinels_are_asked_for_a_master_by_name() {
        let url = "redis-sentinel://:secret@a,b:26380/chat?sentinel-auth=:other";
        assert_eq!(read(url).unwrap(), "chat of sentinels a:26379,b:26380");
        let url: RedisUrl = url.parse().unwrap();
        let Layout::Sentinel { sentinels, access, .. } = url.layout() else { panic!("{url}") };
        assert_eq!(sentinels[0].config().password.as_deref(), Some("other"));
        assert_eq!(access.at(Server::new("c", 1)).config().password.as_deref(), Some("secret"));
        for url in [
            "redis-sentinel://a:26379",
            "redis-sentinel://a/",
            "redis-sentinel://a/b/0",
            "redis-sentinel://a/b?c",
        ] {
            assert!(matches!(read(url), Err(InvalidRedisUrl::Sentinel(_))), "{url:?}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        let url: RedisUrl = "redis://user:secret@host:6380/1".parse().unwrap();
        assert_eq!(url.to_string(), "host:6380");
        assert_eq!(format!("{url:?}"), "RedisUrl(host:6380)");
    }
}
