//! What a user reads from a `ChatServer`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
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
    /// The last ten decisions that changed something, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionStatus>,
    /// `Available`, `Progressing`, `ScalingActive`, `ScalingLimited`, `RedisHealthy`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// A decision, and what it was made on.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DecisionStatus {
    /// When.
    pub time: Time,
    /// How many servers were to stay before it.
    pub from: i32,
    /// How many servers there should be.
    pub to: i32,
    /// Why, in words.
    pub reason: String,
    /// What kept the size from being what the connections ask for, as in the condition `ScalingLimited`. Unset: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// Who decided.
    pub owner: Owner,
    /// It was told, but not acted on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The figures that it was made on.
    pub saw: SeenStatus,
}

/// The figures that a decision was made on. One that an older operator did not write is as if it had been nothing: a status that
/// can't be read would keep the ChatServer from being looked after.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct SeenStatus {
    /// Sessions on all servers that answered. Unset: none answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<i64>,
    /// Bytes that waited in the queues of sessions, on all servers that said so. Unset: none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_queue_bytes: Option<i64>,
    /// How late the timers of a server fired at most. Unset: none said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_loop_lag_micros: Option<i64>,
    /// Sessions that all servers that said so took in a second. Unset: none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepts_per_second: Option<i64>,
    /// Servers that took sessions.
    pub ready: i32,
    /// Servers that were to stay and did not answer.
    pub silent: i32,
    /// Servers that were being emptied.
    pub draining: i32,
    /// The connections that a server was to have.
    pub target_connections: i32,
    /// No server said that Redis did not answer it.
    pub redis_healthy: bool,
    /// Servers were being replaced.
    pub rolling_out: bool,
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
