//! The admin calls on the private port, which the operator makes. Each needs the bearer token of the Secret
//! that both sides mount, and answers with an [`AdminState`].

use serde::{Deserialize, Serialize};

/// POST: take no new sessions, send those there are to other servers over the time given.
pub const DRAIN_PATH: &str = "/admin/drain";
/// POST: end a drain that is under way; take sessions again.
pub const RESUME_PATH: &str = "/admin/resume";
/// POST: send some sessions to other servers, and go on.
pub const SHED_PATH: &str = "/admin/shed";

/// The body of [`DRAIN_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrainRequest {
    /// The sessions are sent away evenly over this many seconds; at its end those still there are closed.
    pub over_seconds: u32,
}

/// The body of [`SHED_PATH`]. At the end of the time those still there are closed, unless the engine was away meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShedRequest {
    /// How many sessions are sent away.
    pub sessions: u32,
    /// Evenly over this many seconds.
    pub over_seconds: u32,
}

/// What every admin call answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminState {
    /// Whether a drain is under way or done.
    pub draining: bool,
    /// Sessions that are open.
    pub connections: u64,
}
