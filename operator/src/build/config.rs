//! The servers' configuration file.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::{hash, metadata};
use crate::names::{self, PRIVATE_PORT, PUBLIC_PORT};
use crate::validate::Wanted;

/// The file's name, in the ConfigMap and below `/etc/hubbub`.
pub(super) const FILE: &str = "config.toml";
/// Where the admin token is, below `/etc/hubbub`.
pub(super) const TOKEN_FILE: &str = "admin/token";
/// Where both are in the container.
pub(super) const DIRECTORY: &str = "/etc/hubbub";

/// The keys are the chat-server's flags; what is unset has the chat-server's default.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Config<'a> {
    listen: String,
    private_listen: String,
    engine: &'static str,
    redis_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redis_ack_replicas: Option<u8>,
    web: &'static str,
    admin_token_file: String,
    drain_seconds: u32,
    log: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_connections: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_audience: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_jwks_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_guests: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_api: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed_origin: &'a [String],
    trusted_proxy: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rate: Vec<String>,
}

/// Where an Ingress controller is: the private networks of RFC 1918 and RFC 4193.
const PRIVATE_NETWORKS: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

pub(super) fn text(wanted: &Wanted) -> Result<String, toml::ser::Error> {
    let server = &wanted.server;
    let auth = server.auth.as_ref();
    toml::to_string(&Config {
        listen: format!("0.0.0.0:{PUBLIC_PORT}"),
        private_listen: format!("0.0.0.0:{PRIVATE_PORT}"),
        engine: "redis",
        redis_url: &wanted.redis_url,
        redis_ack_replicas: wanted.ack_replicas,
        web: "/www",
        admin_token_file: format!("{DIRECTORY}/{TOKEN_FILE}"),
        drain_seconds: wanted.drain_seconds,
        log: "json",
        max_connections: server.max_connections,
        history: server.history,
        history_seconds: server.history_seconds,
        auth_issuer: auth.map(|auth| auth.issuer.as_str()),
        auth_audience: auth.map(|auth| auth.audience.as_str()),
        auth_jwks_url: auth.map(|auth| auth.jwks_url.as_str()),
        auth_guests: auth.map(|auth| auth.guests),
        queue_bytes: server.queue_bytes,
        default_room: server.default_room.as_deref(),
        name_api: server.name_api.as_deref(),
        allowed_origin: &server.allowed_origins,
        trusted_proxy: match &server.trusted_proxies {
            Some(networks) => networks.iter().map(String::as_str).collect(),
            None => PRIVATE_NETWORKS.to_vec(),
        },
        rate: server.rates.iter().map(|(name, rate)| format!("{name}={rate}")).collect(),
    })
}

/// One for each text, and never changed: a server that starts anew has the configuration of its template, whatever the
/// spec says by then.
pub(super) fn config_map(wanted: &Wanted, text: String) -> ConfigMap {
    let name = names::config_map(&wanted.name, &hash::of(text.as_bytes()));
    ConfigMap {
        metadata: ObjectMeta { name: Some(name), ..metadata(wanted) },
        immutable: Some(true),
        data: Some([(FILE.to_owned(), text)].into()),
        ..ConfigMap::default()
    }
}
