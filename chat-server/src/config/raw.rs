//! What flags, environment and file say, before it is checked.

use std::{fs, path::PathBuf};

use clap::{ArgAction, Parser};
use serde::Deserialize;

use super::ConfigError;

/// Hubbub's chat-server. Every option can be given as a flag, as HUBBUB_<NAME> in the environment or as a key of
/// the file that --config names; a flag beats the environment, that beats the file.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Debug, Default, Parser, Deserialize)]
#[command(name = "chat-server", version)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Raw {
    /// A TOML file with the options below, without the dashes in front of them
    #[arg(long, env = "HUBBUB_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Where page, API and WebSocket are [default: 127.0.0.1:8080]
    #[arg(long, env = "HUBBUB_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Where metrics, health and admin calls are [default: 127.0.0.1:9090]
    #[arg(long, env = "HUBBUB_PRIVATE_LISTEN", value_name = "ADDRESS")]
    pub private_listen: Option<String>,

    /// What keeps messages, presence and accounts: memory, or redis [default: memory]
    #[arg(long, env = "HUBBUB_ENGINE")]
    pub engine: Option<String>,

    /// Where the Redis is: redis://host:6379/0, redis-cluster://host:7001,host:7002/ or
    /// redis-sentinel://host:26379,host:26379/MASTER; rediss in place of redis is TLS
    #[arg(long, env = "HUBBUB_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// How many replicas of Redis have to have a message before it is acknowledged [default: 0]
    #[arg(long, env = "HUBBUB_REDIS_ACK_REPLICAS", value_name = "N")]
    pub redis_ack_replicas: Option<u8>,

    /// The folder with the built page; without it there is no page
    #[arg(long, env = "HUBBUB_WEB", value_name = "DIR")]
    pub web: Option<PathBuf>,

    /// The file with the token for the admin calls; without it there are none
    #[arg(long, env = "HUBBUB_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,

    /// Whose tokens are taken instead of own ones: the `iss` of another login service
    #[arg(long, env = "HUBBUB_AUTH_ISSUER", value_name = "URL")]
    pub auth_issuer: Option<String>,

    /// Whom those tokens have to be for: their `aud`
    #[arg(long, env = "HUBBUB_AUTH_AUDIENCE", value_name = "NAME")]
    pub auth_audience: Option<String>,

    /// Where that service has its public keys, as a JWK Set
    #[arg(long, env = "HUBBUB_AUTH_JWKS_URL", value_name = "URL")]
    pub auth_jwks_url: Option<String>,

    /// Whether guests are let in beside those who have such tokens [default: false]
    #[arg(long, env = "HUBBUB_AUTH_GUESTS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub auth_guests: Option<bool>,

    /// Private keys (PEM) to sign tokens for other services with; several with commas: the first signs
    #[arg(long, env = "HUBBUB_AUTH_SIGNING_KEY_FILE", value_name = "FILE", value_delimiter = ',', action = ArgAction::Append)]
    pub auth_signing_key_file: Option<Vec<PathBuf>>,

    /// What this login is called in those tokens, their `iss`: where others reach it, as https://chat.example.org
    #[arg(long, env = "HUBBUB_AUTH_SIGNING_ISSUER", value_name = "URL")]
    pub auth_signing_issuer: Option<String>,

    /// How many sessions are taken at most [default: 10000]
    #[arg(long, env = "HUBBUB_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<usize>,

    /// How many messages of a room are kept [default: 1000]
    #[arg(long, env = "HUBBUB_HISTORY", value_name = "N")]
    pub history: Option<usize>,

    /// For how many seconds they are kept; 0 is for ever [default: 0]
    #[arg(long, env = "HUBBUB_HISTORY_SECONDS", value_name = "N")]
    pub history_seconds: Option<u64>,

    /// Whose pages may connect, as https://chat.example.org; several with commas [default: the server's own]
    #[arg(long, env = "HUBBUB_ALLOWED_ORIGIN", value_name = "URL", value_delimiter = ',', action = ArgAction::Append)]
    pub allowed_origin: Option<Vec<String>>,

    /// The proxies in front, as 10.0.0.0/8; several with commas: what they tell of a client is believed [default: none]
    #[arg(long, env = "HUBBUB_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', action = ArgAction::Append)]
    pub trusted_proxy: Option<Vec<String>>,

    /// Over how many seconds sessions are sent to other servers when this one ends [default: 30]
    #[arg(long, env = "HUBBUB_DRAIN_SECONDS", value_name = "N")]
    pub drain_seconds: Option<u32>,

    /// How many bytes may wait for a session that reads slowly [default: 1048576]
    #[arg(long, env = "HUBBUB_QUEUE_BYTES", value_name = "N")]
    pub queue_bytes: Option<usize>,

    /// How often something may be done, as connects=20/s+200, or off; several with commas [default: docs/protocol.md]
    #[arg(long, env = "HUBBUB_RATE", value_name = "NAME=RATE", value_delimiter = ',', action = ArgAction::Append)]
    pub rate: Option<Vec<String>>,

    /// What this server is called [default: the host's name]
    #[arg(long, env = "HUBBUB_SERVER_NAME", value_name = "NAME")]
    pub server_name: Option<String>,

    /// The Random User API that the page asks for the names of new guests [default: https://randomuser.me/api/]
    #[arg(long, env = "HUBBUB_NAME_API", value_name = "URL")]
    pub name_api: Option<String>,

    /// The room that the page opens [default: lobby]
    #[arg(long, env = "HUBBUB_DEFAULT_ROOM", value_name = "NAME")]
    pub default_room: Option<String>,

    /// How the log on stderr is written: text, or json [default: text]
    #[arg(long, env = "HUBBUB_LOG")]
    pub log: Option<String>,
}

impl Raw {
    /// Of the file that `self` names, what `self` does not say.
    pub(super) fn with_file(self) -> Result<Self, ConfigError> {
        let Some(path) = &self.config else { return Ok(self) };
        let fail = |reason: String| ConfigError::File { path: path.clone(), reason };
        let text = fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let file = parse(&text).map_err(fail)?;
        Ok(self.or(file))
    }

    fn or(self, file: Self) -> Self {
        Self {
            config: self.config,
            listen: self.listen.or(file.listen),
            private_listen: self.private_listen.or(file.private_listen),
            engine: self.engine.or(file.engine),
            redis_url: self.redis_url.or(file.redis_url),
            redis_ack_replicas: self.redis_ack_replicas.or(file.redis_ack_replicas),
            web: self.web.or(file.web),
            admin_token_file: self.admin_token_file.or(file.admin_token_file),
            auth_issuer: self.auth_issuer.or(file.auth_issuer),
            auth_audience: self.auth_audience.or(file.auth_audience),
            auth_jwks_url: self.auth_jwks_url.or(file.auth_jwks_url),
            auth_guests: self.auth_guests.or(file.auth_guests),
            auth_signing_key_file: self.auth_signing_key_file.or(file.auth_signing_key_file),
            auth_signing_issuer: self.auth_signing_issuer.or(file.auth_signing_issuer),
            max_connections: self.max_connections.or(file.max_connections),
            history: self.history.or(file.history),
            history_seconds: self.history_seconds.or(file.history_seconds),
            allowed_origin: self.allowed_origin.or(file.allowed_origin),
            trusted_proxy: self.trusted_proxy.or(file.trusted_proxy),
            drain_seconds: self.drain_seconds.or(file.drain_seconds),
            queue_bytes: self.queue_bytes.or(file.queue_bytes),
            rate: self.rate.or(file.rate),
            server_name: self.server_name.or(file.server_name),
            name_api: self.name_api.or(file.name_api),
            default_room: self.default_room.or(file.default_room),
            log: self.log.or(file.log),
        }
    }
}

/// Reads a file; an error is one line that names the key.
fn parse(text: &str) -> Result<Raw, String> {
    let in_one_line = |error: &toml::de::Error| {
        let line = error.span().map_or(0, |span| 1 + text[..span.start].matches('\n').count());
        format!("line {line}: {}", error.message().replace('\n', " "))
    };
    let file = toml::Deserializer::parse(text).map_err(|error| in_one_line(&error))?;
    serde_path_to_error::deserialize(file).map_err(|error| {
        let path = error.path().to_string();
        let reason = in_one_line(error.inner());
        if path == "." || reason.contains("unknown field") { reason } else { format!("{path}: {reason}") }
    })
}
