//! What a user writes into a `ChatServer`.
#![expect(unreachable_pub, reason = "deriving KubeSchema makes private copies of public types")]

use std::collections::BTreeMap;

use hubbub_protocol::limits;
use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::scaling::ScalingSpec;
use super::status::ChatServerStatus;

/// A group of chat-servers that share a Redis and grow and shrink with their connections.
// The name limit leaves room for "-admin" and for the suffixes of Deployment and pod in a 63-character label.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "hubbub.dev",
    version = "v1alpha1",
    kind = "ChatServer",
    plural = "chatservers",
    singular = "chatserver",
    shortname = "chat",
    namespaced,
    status = "ChatServerStatus",
    derive = "PartialEq",
    doc = "A group of chat-servers that share a Redis and grow and shrink with their connections.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Desired", type_ = "integer", json_path = ".status.desiredReplicas"),
    printcolumn(name = "Ready", type_ = "integer", json_path = ".status.readyReplicas"),
    printcolumn(name = "Connections", type_ = "integer", json_path = ".status.connections"),
    printcolumn(name = "Per-Pod", type_ = "integer", json_path = ".status.perPod"),
    printcolumn(name = "Owner", type_ = "string", json_path = ".status.owner"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')")
        .message("the name must be at most 40 lower-case letters, digits and dashes, and start with a letter: \
        Services are named after it")
)]
#[serde(rename_all = "camelCase")]
pub struct ChatServerSpec {
    /// The chat-server's container image.
    #[schemars(length(min = 1))]
    pub image: String,
    /// When the image is pulled. Unset: as Kubernetes does, by the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<PullPolicy>,
    /// A pinned number of servers, as set by `kubectl scale` or an autoscaler. Unset: the operator decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: Option<i32>,
    /// Where servers meet and messages are kept.
    pub redis: RedisSpec,
    /// How many servers for how many connections.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self.min <= self.max").message("min must not be greater than max"))]
    pub scaling: ScalingSpec,
    /// How a server is emptied before it goes.
    #[serde(default)]
    pub drain: DrainSpec,
    /// Settings of the servers themselves. A change rolls them, one after the other.
    #[serde(default)]
    pub server: ServerSpec,
    /// How browsers get in from outside. Unset: no Ingress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("!has(self.tlsSecretName) || has(self.host)")
        .message("tlsSecretName needs a host"))]
    pub ingress: Option<IngressSpec>,
    /// What a server asks of its node. Unset: requests 100m CPU and 64Mi memory, limits 512Mi memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesSpec>,
    /// Labels of the nodes that may have servers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that servers put up with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
}

/// When a container image is pulled.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// At each start.
    Always,
    /// When the node doesn't have it.
    IfNotPresent,
    /// Never: the node has to have it.
    Never,
}

impl PullPolicy {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// What a server asks of its node, as in a container.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourcesSpec {
    /// What a node has to have left, such as `cpu: 500m`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub requests: BTreeMap<String, Quantity>,
    /// What a server never gets more of, such as `memory: 512Mi`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "quantities")]
    pub limits: BTreeMap<String, Quantity>,
}

/// As Kubernetes itself describes a quantity in a definition; the derived one has a page of description.
fn quantities(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "x-kubernetes-int-or-string": true,
            "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$",
        },
    })
}

/// Where servers meet and messages are kept.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RedisSpec {
    /// `redis://host:6379/0`, `redis-cluster://host:7001,host:7002/` or
    /// `redis-sentinel://host:26379,host:26379/MASTER`; `rediss` in place of `redis` is TLS.
    #[x_kube(validation = Rule::new(REDIS_URL)
        .message("must look like redis://host:6379/0, redis-cluster://host:7001,host:7002/ or \
        redis-sentinel://host:26379,host:26379/MASTER"))]
    pub url: String,
    /// How many replicas of Redis have to have a message before it is acknowledged. With 0 a failover of Redis may lose
    /// messages that were acknowledged; with more than there are nothing is. Unset: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::ACK_REPLICAS_MAX))]
    pub ack_replicas: Option<i32>,
}

const REDIS_URL: &str =
    r"self.matches('^rediss?(://[^\\s/]+(/[0-9]+)?|-cluster://[^\\s/]+/?|-sentinel://[^\\s/]+/[^\\s/]+)$')";

/// How a server is emptied before it goes.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct DrainSpec {
    /// A server's sessions are sent to other servers evenly over this many seconds.
    #[schemars(range(min = 1, max = limits::DRAIN_SECONDS_MAX))]
    pub seconds: i32,
}

impl Default for DrainSpec {
    fn default() -> Self {
        Self { seconds: 30 }
    }
}

/// Settings of the servers themselves; what is unset is as the chat-server has it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerSpec {
    /// Sessions that a server takes at most: more than `scaling.targetConnections` and its tolerance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_connections: Option<i32>,
    /// Messages that are kept of a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = limits::HISTORY_KEPT_MAX))]
    pub history: Option<i32>,
    /// Seconds for which they are kept; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::HISTORY_SECONDS_MAX))]
    pub history_seconds: Option<i64>,
    /// Somebody else's login service, whose tokens are taken. Unset: the servers have accounts and guests of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthSpec>,
    /// Origins of pages that may connect. Empty: only the page of the same host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub allowed_origins: Vec<String>,
    /// The networks of the proxies in front, such as `10.0.0.0/8`: what they tell of a client's address is believed.
    /// Unset: the private networks, where the Ingress controller is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub trusted_proxies: Option<Vec<String>>,
    /// How often a connection, a user, an address or all of them together may do what, such as `admissions: 200/s+200`,
    /// or `off`; the names are in docs/protocol.md.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, String>,
    /// The Random User API, where pages get names for their guests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub name_api: Option<String>,
    /// The room that the page opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub default_room: Option<String>,
    /// Bytes that may wait for a slow session before it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = limits::QUEUE_BYTES_MIN))]
    pub queue_bytes: Option<i64>,
}

/// Somebody else's login service.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AuthSpec {
    /// The `iss` of its tokens.
    #[schemars(length(min = 1))]
    pub issuer: String,
    /// What the chat is called there: among the `aud` of its tokens.
    #[schemars(length(min = 1))]
    pub audience: String,
    /// Where its public keys are, as a JWK Set.
    #[schemars(regex(pattern = r"^https?://\S+$"))]
    pub jwks_url: String,
    /// Lets in guests as well.
    #[serde(default)]
    pub guests: bool,
}

/// How browsers get in from outside.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressSpec {
    /// The host name. Unset: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub host: Option<String>,
    /// The ingress class. Unset: the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub class_name: Option<String>,
    /// Annotations for the ingress controller.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The Secret that has the certificate of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub tls_secret_name: Option<String>,
}
