//! What a user reads from a `ChatServer`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator saw and decided last.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatServerStatus {
    /// The generation of the spec that this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The pods there are, those that drain included.
    pub replicas: i32,
    /// The pods that take sessions.
    pub ready_replicas: i32,
    /// How many servers there should be.
    pub desired_replicas: i32,
    /// Sessions on all servers that answered. Unset: none answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<i64>,
    /// Sessions on a server that takes sessions, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_pod: Option<i64>,
    /// Who decides on the number of servers.
    pub owner: Owner,
    /// Why there are as many servers as there are, in words.
    pub reason: String,
    /// The label selector of the pods, for autoscalers that use `/scale`.
    pub selector: String,
    /// Pods that are being emptied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub draining: Vec<String>,
    /// `Available`, `Progressing`, `ScalingActive`, `ScalingLimited`, `RedisHealthy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Who decides on the number of servers.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The operator, by connections.
    #[default]
    Operator,
    /// Whoever set `spec.replicas`: a user, or an autoscaler.
    User,
}
