//! Hubbub's operator: runs chat-servers on Kubernetes, as many as their connections need, and empties each before
//! it goes.
//!
//! [`run`](run::run) ticks once a second for each ChatServer; a tick is [`reconcile::reconcile`], whose stages
//! are a file each. How many servers there should be is decided in the crate `hubbub-scaling`, which knows no
//! Kubernetes.

pub mod args;
pub mod build;
pub mod crd;
pub mod fence;
pub mod lease;
pub mod names;
pub mod patience;
pub mod policy;
pub mod reconcile;
pub mod record;
pub mod run;
pub mod servers;
pub mod simulate;
pub mod telemetry;
pub mod validate;
