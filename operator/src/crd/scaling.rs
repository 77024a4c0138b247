//! `spec.scaling`: how many servers for how many connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many servers for how many connections.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ScalingSpec {
    /// The connections that a server should have.
    #[schemars(range(min = 1))]
    pub target_connections: i32,
    /// What else a server should have on average. The signal that asks for the most servers wins.
    pub signals: SignalsSpec,
    /// Never fewer servers than this, unless `spec.replicas` pins fewer.
    #[schemars(range(min = 1, max = 1000))]
    pub min: i32,
    /// Never more servers than this, unless `spec.replicas` pins more.
    #[schemars(range(min = 1, max = 1000))]
    pub max: i32,
    /// No change of size while connections per server, and all other signals, are within this part of their target: 0.1 is
    /// 10 %.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub tolerance: f64,
    /// Places that are kept free for who comes while servers start.
    pub headroom: HeadroomSpec,
    /// Reckons with the connections that there will be in this many seconds, if they go on growing as they do; 0 with those
    /// that there are.
    #[schemars(range(min = 0, max = 600))]
    pub look_ahead_seconds: i32,
    /// Minima of certain hours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub schedules: Vec<ScheduleSpec>,
    /// When so many come at once that `behavior.scaleUp` does not hold, and nothing shrinks. Unset: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rush: Option<RushSpec>,
    /// How fast the size may change, in the words of a HorizontalPodAutoscaler.
    pub behavior: BehaviorSpec,
    /// Whether connections are moved to servers that have fewer.
    pub rebalance: RebalanceSpec,
    /// Leaves the number of servers as it is.
    pub paused: bool,
    /// Decides and tells in the status, but changes nothing.
    pub dry_run: bool,
}

impl Default for ScalingSpec {
    fn default() -> Self {
        Self {
            target_connections: 500,
            signals: SignalsSpec::default(),
            min: 1,
            max: 10,
            tolerance: 0.1,
            headroom: HeadroomSpec::default(),
            look_ahead_seconds: 0,
            schedules: Vec::new(),
            rush: None,
            behavior: BehaviorSpec::default(),
            rebalance: RebalanceSpec::default(),
            paused: false,
            dry_run: false,
        }
    }
}

/// What a server should have on average beside connections: the `averageValue` of a HorizontalPodAutoscaler's metric of type
/// Pods. What is unset is not looked at.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct SignalsSpec {
    /// Bytes that wait to be sent, in the queues of all its sessions (`hubbub_send_queue_bytes`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub send_queue_bytes: Option<i32>,
    /// How late its timers fire (`hubbub_event_loop_lag_seconds`), which is how long everything waits for a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub event_loop_lag_milliseconds: Option<i32>,
    /// Sessions that it takes a second (`hubbub_accept_rate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub accepts_per_second: Option<i32>,
}

/// Places that are kept free for who comes while servers start: of both what is more.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct HeadroomSpec {
    /// So many places, on all servers together.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub places: i32,
    /// So many percent of the connections.
    #[schemars(range(min = 0, max = 1_000))]
    pub percent: i32,
}

/// A minimum that holds from one time to another, again and again.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// The cron pattern of the times that it begins at, such as `0 8 * * 1-5`.
    #[schemars(length(min = 1, max = 200))]
    pub start: String,
    /// The cron pattern of the times that it ends at.
    #[schemars(length(min = 1, max = 200))]
    pub end: String,
    /// The time zone of both, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Never fewer servers than this in that time, but no more than `max`.
    #[schemars(range(min = 1, max = 1000))]
    pub min: i32,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// When so many come at once that the usual pace would be too slow.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct RushSpec {
    /// Servers have so many percent of their target, on average.
    #[schemars(range(min = 101, max = 10_000))]
    pub percent: i32,
    /// For so many seconds.
    #[schemars(range(min = 0, max = 600))]
    pub window_seconds: i32,
}

impl Default for RushSpec {
    fn default() -> Self {
        Self { percent: 200, window_seconds: 6 }
    }
}

/// How fast the size may change, in the words of a HorizontalPodAutoscaler.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct BehaviorSpec {
    /// To more servers. Unset: at once, and by any number.
    pub scale_up: RulesSpec,
    /// To fewer servers. Unset: by any number, to the highest that was needed in the last 300 seconds.
    pub scale_down: RulesSpec,
}

/// Whether and how fast connections are moved from servers that have more than 1.1 of the average to those below it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct RebalanceSpec {
    /// Moves them. Without it they stay where they are until their clients leave.
    pub enabled: bool,
    /// How many sessions may be told to reconnect in a second, those of all servers together.
    #[schemars(range(min = 1, max = 10_000))]
    pub reconnects_per_second: i32,
}

impl Default for RebalanceSpec {
    fn default() -> Self {
        Self { enabled: true, reconnects_per_second: 50 }
    }
}

/// How fast the size may change in one direction.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct RulesSpec {
    /// A size has to be needed for as long as this. Unset: 0 to more servers, 300 to fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86_400))]
    pub stabilization_window_seconds: Option<i32>,
    /// How many servers in what time. Empty: any number at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub policies: Vec<PaceSpec>,
    /// Which of the policies holds: the one that allows the greatest change (Max), the least (Min), or no change at all
    /// in this direction (Disabled).
    pub select_policy: SelectSpec,
}

/// Which of several policies holds.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelectSpec {
    /// The one that allows the greatest change.
    #[default]
    Max,
    /// The one that allows the least.
    Min,
    /// No change.
    Disabled,
}

/// A change that is allowed within a time.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PaceSpec {
    /// What `value` counts.
    #[serde(rename = "type")]
    pub kind: PaceKind,
    /// How many servers, or how many percent of them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub value: i32,
    /// In how many seconds.
    #[schemars(range(min = 1, max = 1_800))]
    pub period_seconds: i32,
}

/// What a pace counts.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaceKind {
    /// Servers.
    Pods,
    /// Hundredths of the servers that there were when the period began; part of one counts as one.
    Percent,
}
