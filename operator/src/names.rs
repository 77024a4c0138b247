//! Names that the operator puts on things, and finds them by.

use std::collections::BTreeMap;

/// The field manager of everything that the operator applies, and the reporter of its events.
pub const MANAGER: &str = "hubbub-operator";

/// Label of a pod: whether it is to get sessions. The Service selects by it, the Deployment does not, so that a
/// pod leaves the Service without being replaced.
pub const SESSIONS: &str = "hubbub.dev/sessions";
/// Value of [`SESSIONS`]: takes sessions.
pub const TAKE: &str = "take";
/// Value of [`SESSIONS`]: keeps those that it has and gets no others, since it is about to be replaced, or has more
/// than others while connections move.
pub const HOLD: &str = "hold";
/// Value of [`SESSIONS`]: is being emptied.
pub const DRAIN: &str = "drain";

/// Annotation of a pod that is being emptied: since when (RFC 3339). The next operator goes on from it.
pub const DRAINING_SINCE: &str = "hubbub.dev/draining-since";
/// Annotation of a pod: the lower, the sooner a ReplicaSet deletes it when it has to delete one.
pub const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
/// The [`DELETION_COST`] of a pod that is being emptied. Pods have 0 when nobody says anything.
pub const VICTIM_COST: &str = "-1000";
/// Annotation of the pod template: the hash of the template, by which pods of an older one are told.
pub const TEMPLATE: &str = "hubbub.dev/template";

/// The port with the page, the API and `/ws`; its name in pod and Service is `http`.
pub const PUBLIC_PORT: u16 = 8080;
/// The port with metrics, probes and admin calls; its name in the pod is `metrics`.
pub const PRIVATE_PORT: u16 = 9090;

/// The key of the Secret that has the admin token.
pub const TOKEN_KEY: &str = "token";

/// The Secret with the admin token of a ChatServer.
///
/// ```
/// assert_eq!(hubbub_operator::names::admin_secret("chat"), "chat-admin");
/// ```
pub fn admin_secret(name: &str) -> String {
    format!("{name}-admin")
}

/// The ConfigMap of a ChatServer that has the configuration of this hash.
///
/// ```
/// assert_eq!(hubbub_operator::names::config_map("chat", "749ad69ca39d2b42"), "chat-749ad69ca39d2b42");
/// ```
pub fn config_map(name: &str, hash: &str) -> String {
    format!("{name}-{hash}")
}

/// The labels by which a ChatServer's pods are found; those of the Deployment's selector.
pub fn selector(name: &str) -> BTreeMap<String, String> {
    [("app.kubernetes.io/name", "hubbub-chat-server"), ("app.kubernetes.io/instance", name)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// [`selector`] as Kubernetes writes it in one line.
///
/// ```
/// assert_eq!(
///     hubbub_operator::names::selector_text("chat"),
///     "app.kubernetes.io/instance=chat,app.kubernetes.io/name=hubbub-chat-server"
/// );
/// ```
pub fn selector_text(name: &str) -> String {
    let pairs: Vec<String> = selector(name).iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
