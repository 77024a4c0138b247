//! The custom resource `ChatServer`: what users write, what they read, and the definition that the API server
//! gets.
//!
//! Types here are as wide as what the API server might store: [`crate::validate`] makes them exact. What the
//! definition can refuse (schema and CEL), it refuses, so that a mistake is told to whoever makes it.

mod scaling;
mod spec;
mod status;

pub use scaling::{
    BehaviorSpec, HeadroomSpec, PaceKind, PaceSpec, RebalanceSpec, RulesSpec, RushSpec, ScalingSpec,
    ScheduleSpec, SelectSpec, SignalsSpec,
};
pub use spec::{
    AuthSpec, ChatServer, ChatServerSpec, DrainSpec, IngressSpec, PullPolicy, RedisSpec, ResourcesSpec,
    ServerSpec,
};
pub use status::{ChatServerStatus, DecisionStatus, Owner, SeenStatus};

use kube::CustomResourceExt;

/// The definition as YAML, as it is in `charts/hubbub/crds/chatserver.yaml`.
///
/// # Errors
/// When the definition can't be written as YAML, which the test of this module rules out.
pub fn definition() -> Result<String, serde_saphyr::ser_error::Error> {
    let yaml = serde_saphyr::to_string(&ChatServer::crd())?;
    Ok(format!("# Made by `make generate` from operator/src/crd.\n{}\n", yaml.trim_end()))
}
