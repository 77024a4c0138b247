//! How the server is to be: read once, from flags, environment and file, and checked once.

mod auth;
mod raw;

use std::{
    ffi::OsString,
    fmt::Display,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::Uri;
use clap::{Parser, error::ErrorKind};
use hubbub_protocol::{
    RoomName,
    http::PageConfig,
    limits::{self, Rates},
};

use self::auth::AuthFlags;
pub use self::raw::Raw;
use crate::{
    engine::{HistoryLimits, redis::RedisUrl},
    login::LoginOptions,
    private::AdminToken,
    public::{AllowedOrigins, TrustedProxies},
    timing::Timing,
};

/// A configuration that can't be wrong.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where page, API and WebSocket are.
    pub listen: SocketAddr,
    /// Where metrics, health and admin calls are.
    pub private_listen: SocketAddr,
    /// What keeps messages, presence and accounts.
    pub engine: EngineChoice,
    /// The folder of the built page.
    pub web: Option<PathBuf>,
    /// What the page has to know.
    pub page: PageConfig,
    /// What the admin calls need.
    pub admin_token: Option<AdminToken>,
    /// Whose login it is.
    pub login: LoginOptions,
    /// How many sessions are taken at most.
    pub max_connections: usize,
    /// How much of a room's stream is kept.
    pub history: HistoryLimits,
    /// Whose pages may connect.
    pub origins: AllowedOrigins,
    /// Who is believed about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Over which time sessions are sent away when the server ends.
    pub drain: Duration,
    /// How many bytes may wait for a session.
    pub queue_bytes: usize,
    /// How often who may do what.
    pub rates: Rates,
    /// What this server is called.
    pub server_name: String,
    /// How the log is written.
    pub log: LogFormat,
    /// How long the server waits for what. Not to be configured.
    pub timing: Timing,
}

/// An engine, with what it needs.
#[derive(Debug, Clone)]
pub enum EngineChoice {
    /// In this process, and gone with it.
    Memory,
    /// Shared by all servers.
    Redis {
        /// Where it is.
        url: RedisUrl,
        /// How many replicas have to have what is acknowledged.
        ack_replicas: u8,
    },
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

/// Why there is no configuration. Displayed in one line that names what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not an error: help or version was asked for, and this is it.
    #[error("{0}")]
    Help(String),
    /// The command line, or a variable of the environment, can't be read.
    #[error("{0}")]
    Arguments(String),
    /// The file can't be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A value is wrong.
    #[error("{option}: {reason}")]
    Value {
        /// The option, as a flag without its dashes.
        option: &'static str,
        /// Why.
        reason: String,
    },
}

impl Config {
    /// From the command line, the environment, and the file that either names.
    ///
    /// # Errors
    /// For the first value that is wrong.
    pub fn read(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, ConfigError> {
        let raw = Raw::try_parse_from(arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ConfigError::Help(error.to_string()),
            _ => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                ConfigError::Arguments(first.strip_prefix("error: ").unwrap_or(first).to_owned())
            }
        })?;
        Self::check(raw.with_file()?)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// For the first value that is wrong.
    pub fn check(raw: Raw) -> Result<Self, ConfigError> {
        let Raw {
            config: _,
            listen,
            private_listen,
            engine,
            redis_url,
            redis_ack_replicas,
            web,
            admin_token_file,
            auth_issuer,
            auth_audience,
            auth_jwks_url,
            auth_guests,
            auth_signing_key_file,
            auth_signing_issuer,
            max_connections,
            history,
            history_seconds,
            allowed_origin,
            trusted_proxy,
            drain_seconds,
            queue_bytes,
            rate,
            server_name,
            name_api,
            default_room,
            log,
        } = raw;
        let default_room = default_room.as_deref().unwrap_or("lobby");
        let page = PageConfig {
            name_api: checked_url("name-api", name_api.unwrap_or("https://randomuser.me/api/".to_owned()))?,
            default_room: named("default-room", RoomName::parse(default_room))?.to_string(),
        };
        Ok(Self {
            listen: address("listen", listen.as_deref().unwrap_or("127.0.0.1:8080"))?,
            private_listen: address("private-listen", private_listen.as_deref().unwrap_or("127.0.0.1:9090"))?,
            engine: engine_choice(
                engine.as_deref().unwrap_or("memory"),
                redis_url.as_deref(),
                redis_ack_replicas,
            )?,
            web: web.map(page_folder).transpose()?,
            page,
            admin_token: admin_token_file.as_deref().map(admin_token).transpose()?,
            login: auth::login(AuthFlags {
                issuer: auth_issuer,
                audience: auth_audience,
                jwks_url: auth_jwks_url,
                guests: auth_guests.unwrap_or(false),
                signing_key_files: auth_signing_key_file.unwrap_or_default(),
                signing_issuer: auth_signing_issuer,
            })?,
            max_connections: within(
                "max-connections",
                max_connections.unwrap_or(limits::CONNECTIONS_DEFAULT),
                1,
                usize::MAX,
            )?,
            history: HistoryLimits {
                events: within("history", history.unwrap_or(1_000), 1, limits::HISTORY_KEPT_MAX)?,
                age: history_age(history_seconds.unwrap_or(0))?,
            },
            origins: origins(&allowed_origin.unwrap_or_default())?,
            trusted_proxies: named(
                "trusted-proxy",
                TrustedProxies::parse(&trusted_proxy.unwrap_or_default()),
            )?,
            drain: Duration::from_secs(
                within("drain-seconds", drain_seconds.unwrap_or(30), 0, limits::DRAIN_SECONDS_MAX)?.into(),
            ),
            queue_bytes: within(
                "queue-bytes",
                queue_bytes.unwrap_or(1 << 20),
                limits::QUEUE_BYTES_MIN,
                usize::MAX,
            )?,
            rates: named("rate", Rates::with(rate.iter().flatten().map(String::as_str)))?,
            server_name: checked_name(server_name.unwrap_or_else(host_name))?,
            log: log_format(log.as_deref().unwrap_or("text"))?,
            timing: Timing::default(),
        })
    }
}

fn wrong(option: &'static str, reason: impl Display) -> ConfigError {
    ConfigError::Value { option, reason: reason.to_string() }
}

fn named<T, E: Display>(option: &'static str, result: Result<T, E>) -> Result<T, ConfigError> {
    result.map_err(|error| wrong(option, error))
}

fn within<T: PartialOrd + Display + Copy>(
    option: &'static str,
    value: T,
    least: T,
    most: T,
) -> Result<T, ConfigError> {
    if value < least {
        Err(wrong(option, format!("{value} is too small; the least is {least}")))
    } else if value > most {
        Err(wrong(option, format!("{value} is too large; the most is {most}")))
    } else {
        Ok(value)
    }
}

fn history_age(seconds: u64) -> Result<Option<Duration>, ConfigError> {
    let seconds = within("history-seconds", seconds, 0, limits::HISTORY_SECONDS_MAX)?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

fn address(option: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse()
        .map_err(|_| wrong(option, format!("{text:?} is no address; it is written like 127.0.0.1:8080")))
}

fn engine_choice(
    engine: &str,
    redis_url: Option<&str>,
    ack_replicas: Option<u8>,
) -> Result<EngineChoice, ConfigError> {
    // Somebody who names a Redis believes that it is used.
    let of_no_use = |option| Err(wrong(option, "is of no use without engine redis"));
    match (engine, redis_url) {
        ("memory", Some(_)) => of_no_use("redis-url"),
        ("memory", None) if ack_replicas.is_some() => of_no_use("redis-ack-replicas"),
        ("memory", None) => Ok(EngineChoice::Memory),
        ("redis", Some(url)) => {
            let url = named("redis-url", url.parse())?;
            let most = limits::ACK_REPLICAS_MAX;
            let ack_replicas = within("redis-ack-replicas", ack_replicas.unwrap_or(0), 0, most)?;
            Ok(EngineChoice::Redis { url, ack_replicas })
        }
        ("redis", None) => Err(wrong("redis-url", "is needed for engine redis")),
        (other, _) => Err(wrong("engine", format!("{other:?} is none; there are memory and redis"))),
    }
}

fn page_folder(web: PathBuf) -> Result<PathBuf, ConfigError> {
    let index = web.join("index.html");
    if index.is_file() { Ok(web) } else { Err(wrong("web", format!("there is no {}", index.display()))) }
}

fn admin_token(path: &Path) -> Result<AdminToken, ConfigError> {
    let option = "admin-token-file";
    let text =
        fs::read_to_string(path).map_err(|error| wrong(option, format!("{}: {error}", path.display())))?;
    AdminToken::parse(&text).map_err(|error| wrong(option, format!("{} {error}", path.display())))
}

fn origins(texts: &[String]) -> Result<AllowedOrigins, ConfigError> {
    if texts.is_empty() {
        return Ok(AllowedOrigins::SameHost);
    }
    let parsed = texts.iter().map(|text| text.trim().parse()).collect::<Result<_, _>>();
    named("allowed-origin", parsed).map(AllowedOrigins::These)
}

fn checked_url(option: &'static str, text: String) -> Result<String, ConfigError> {
    match text.parse::<Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() => {
            Ok(text)
        }
        _ => Err(wrong(option, format!("{text:?} is no address of the web"))),
    }
}

fn checked_name(name: String) -> Result<String, ConfigError> {
    let fits = (1..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if fits { Ok(name) } else { Err(wrong("server-name", format!("{name:?} is no name of a host"))) }
}

fn host_name() -> String {
    let name = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() { "chat-server".to_owned() } else { name }
}

fn log_format(text: &str) -> Result<LogFormat, ConfigError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(wrong("log", format!("{other:?} is none; there are text and json"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(arguments: &[&str]) -> Result<Config, String> {
        let arguments = ["chat-server"].into_iter().chain(arguments.iter().copied());
        Config::read(arguments).map_err(|error| error.to_string())
    }

    fn read_file(text: &str, arguments: &[&str]) -> Result<Config, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let arguments = [&["--config", path], arguments].concat();
        read(&arguments).map_err(|error| error.replace(path, "FILE"))
    }

    #[test]
    fn without_a_word_it_is_a_server_for_this_machine() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.private_listen.to_string(), "127.0.0.1:9090");
        assert!(matches!(config.engine, EngineChoice::Memory));
        assert_eq!(config.max_connections, 10_000);
        assert_eq!(config.page.default_room, "lobby");
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let file = "history = 7\nhistory-seconds = 60\nmax-connections = 8\nallowed-origin = [\"https://a.org\", \"https://b.org\"]\n";
        let config = read_file(file, &["--history", "9"]).unwrap();
        assert_eq!(config.history, HistoryLimits { events: 9, age: Some(Duration::from_mins(1)) });
        assert_eq!(config.max_connections, 8);
        assert!(matches!(config.origins, AllowedOrigins::These(origins) if origins.len() == 2));
    }

    #[test]
    fn a_redis_may_be_one_server_a_cluster_or_what_sentinels_look_after() {
        for url in ["redis://a:6379/0", "redis-cluster://a:7001,b:7002/", "rediss-sentinel://a,b,c/chat"] {
            let redis = ["--engine", "redis", "--redis-url", url, "--redis-ack-replicas", "1"];
            let EngineChoice::Redis { url: read, ack_replicas: 1 } = read(&redis).unwrap().engine else {
                panic!("{url}")
            };
            assert_eq!(Ok(read), url.parse());
        }
    }

    #[test]
    fn a_wrong_value_is_named_in_one_line() {
        let cases: &[(&[&str], &str)] = &[
            (&["--listen", "8080"], "listen: \"8080\" is no address"),
            (&["--engine", "mysql"], "engine: \"mysql\" is none"),
            (&["--engine", "redis"], "redis-url: is needed"),
            (&["--redis-url", "redis://a"], "redis-url: is of no use"),
            (&["--engine", "redis", "--redis-url", "http://a"], "redis-url: has to begin with redis://"),
            (
                &["--engine", "redis", "--redis-url", "redis-cluster://a,b/1"],
                "redis-url: is no address of a Cl",
            ),
            (&["--engine", "redis", "--redis-url", "redis-sentinel://a"], "redis-url: is no address of Sent"),
            (&["--redis-ack-replicas", "1"], "redis-ack-replicas: is of no use"),
            (
                &["--engine", "redis", "--redis-url", "redis://a", "--redis-ack-replicas", "6"],
                "redis-ack-replicas: 6 is too large; the most is 5",
            ),
            (&["--max-connections", "0"], "max-connections: 0 is too small; the least is 1"),
            (&["--max-connections", "many"], "invalid value 'many' for '--max-connections <N>'"),
            (&["--history", "100001"], "history: 100001 is too large"),
            (&["--history-seconds", "315360001"], "history-seconds: 315360001 is too large"),
            (&["--queue-bytes", "1"], "queue-bytes: 1 is too small"),
            (&["--drain-seconds", "-1"], "unexpected argument '-1' found"),
            (&["--web", "/nowhere"], "web: there is no /nowhere/index.html"),
            (&["--admin-token-file", "/nowhere"], "admin-token-file: /nowhere: "),
            (&["--auth-issuer", "https://a", "--auth-audience", "chat"], "auth-jwks-url: is needed with"),
            (&["--auth-jwks-url", "https://a"], "auth-issuer: is needed with"),
            (
                &["--auth-issuer", "a", "--auth-audience", "b", "--auth-jwks-url", "keys.json"],
                "auth-jwks-url: \"keys.json\" is no address of the web",
            ),
            (&["--auth-guests", "true"], "auth-guests: is of no use"),
            (&["--auth-signing-key-file", "/nowhere"], "auth-signing-issuer: is needed"),
            (
                &["--auth-signing-key-file", "/nowhere", "--auth-signing-issuer", "https://a"],
                "auth-signing-key-file: /nowhere: ",
            ),
            (&["--allowed-origin", "https://a.org,b.org"], "allowed-origin: \"b.org\" is no origin"),
            (&["--trusted-proxy", "10.0.0.0/8,proxy"], "trusted-proxy: \"proxy\" is no network"),
            (&["--rate", "joins=1/s,connects=9"], "rate: connects: \"9\" is no rate"),
            (&["--rate", "jokes=1/s"], "rate: there is no rate \"jokes\"; there are frames, "),
            (&["--name-api", "randomuser"], "name-api: \"randomuser\" is no address"),
            (&["--default-room", "a b"], "default-room: may have only letters"),
            (&["--server-name", "a b"], "server-name: \"a b\" is no name"),
            (&["--log", "xml"], "log: \"xml\" is none"),
            (&["--config", "/nowhere"], "/nowhere: "),
            (&["--colour"], "unexpected argument '--colour' found"),
        ];
        for (arguments, expected) in cases {
            let error = read(arguments).map(|_| ()).unwrap_err();
            assert!(error.starts_with(expected), "{arguments:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn a_wrong_file_is_named_with_line_and_key_in_one_line() {
        let cases = [
            ("history = 7\ncolour = 1", "FILE: line 2: unknown field `colour`"),
            ("history = \"many\"", "FILE: history: line 1: invalid type: string \"many\""),
            ("history = ", "FILE: line 1: "),
            ("log = \"xml\"", "log: \"xml\" is none"),
        ];
        for (text, expected) in cases {
            let error = read_file(text, &[]).map(|_| ()).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
