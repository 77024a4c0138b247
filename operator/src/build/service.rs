//! The address of the servers, and how many may be away.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::metadata;
use crate::names::{self, PUBLIC_PORT};
use crate::validate::Wanted;

pub(super) fn service(wanted: &Wanted) -> Service {
    let mut selector = names::selector(&wanted.name);
    selector.insert(names::SESSIONS.to_owned(), names::TAKE.to_owned());
    Service {
        metadata: metadata(wanted),
        spec: Some(ServiceSpec {
            selector: Some(selector),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: PUBLIC_PORT.into(),
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String("http".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// One at a time, whatever the size: with a minimum that has to stay, a single server could never be moved.
pub(super) fn disruption_budget(wanted: &Wanted) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: metadata(wanted),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(names::selector(&wanted.name)),
                match_expressions: None,
            }),
            // A server that is not ready may go in any case: one that can't start must not block a node.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
