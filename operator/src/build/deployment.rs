//! The servers themselves.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapProjection, Container, ContainerPort, HTTPGetAction, KeyToPath, Lifecycle,
    LifecycleHandler, PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ProjectedVolumeSource,
    SeccompProfile, SecretProjection, SecurityContext, SleepAction, TopologySpreadConstraint, Volume,
    VolumeMount, VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::config::{DIRECTORY, FILE, TOKEN_FILE};
use super::{BuildError, hash, metadata};
use crate::crd::PullPolicy;
use crate::names::{self, PRIVATE_PORT, PUBLIC_PORT};
use crate::validate::Wanted;

/// The name of the one container of a server's pod.
const CONTAINER: &str = "chat-server";
/// The user that `scripts/images` gives the image; said again here, since a node believes only a number.
const USER: i64 = 65_532;
/// Beyond its drain time a server has this long to close the last sessions and to stop, [`LINGER_SECONDS`] included.
const STOP_MARGIN_SECONDS: i64 = 15;
/// A server that is deleted goes on for so long before it gets SIGTERM and takes no more sessions: until then proxies have
/// heard that it goes, and nobody is sent to it to be refused. Needs Kubernetes 1.30.
const LINGER_SECONDS: i64 = 2;
const VOLUME: &str = "hubbub";

pub(super) fn deployment(wanted: &Wanted, config_map: &str) -> Result<Deployment, BuildError> {
    Ok(Deployment {
        metadata: metadata(wanted),
        spec: Some(DeploymentSpec {
            selector: selector(wanted),
            // A server that is replaced has to be there twice: its sessions need somewhere to go.
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_unavailable: Some(IntOrString::Int(0)),
                    max_surge: Some(IntOrString::String("25%".to_owned())),
                }),
            }),
            template: template(wanted, config_map)?,
            ..DeploymentSpec::default()
        }),
        status: None,
    })
}

fn selector(wanted: &Wanted) -> LabelSelector {
    LabelSelector { match_labels: Some(names::selector(&wanted.name)), match_expressions: None }
}

fn template(wanted: &Wanted, config_map: &str) -> Result<PodTemplateSpec, BuildError> {
    let mut labels = names::selector(&wanted.name);
    labels.insert(names::SESSIONS.to_owned(), names::TAKE.to_owned());
    let mut template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
        spec: Some(pod(wanted, config_map)),
    };
    let template_hash = hash::of(serde_json::to_string(&template)?.as_bytes());
    if let Some(metadata) = template.metadata.as_mut() {
        metadata.annotations = Some([(names::TEMPLATE.to_owned(), template_hash)].into());
    }
    Ok(template)
}

fn pod(wanted: &Wanted, config_map: &str) -> PodSpec {
    PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(i64::from(wanted.drain_seconds) + STOP_MARGIN_SECONDS),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        // A node that goes should take as few servers with it as can be.
        topology_spread_constraints: Some(vec![TopologySpreadConstraint {
            max_skew: 1,
            topology_key: "kubernetes.io/hostname".to_owned(),
            when_unsatisfiable: "ScheduleAnyway".to_owned(),
            label_selector: Some(selector(wanted)),
            ..TopologySpreadConstraint::default()
        }]),
        node_selector: (!wanted.node_selector.is_empty()).then(|| wanted.node_selector.clone()),
        tolerations: (!wanted.tolerations.is_empty()).then(|| wanted.tolerations.clone()),
        containers: vec![container(wanted)],
        volumes: Some(vec![volume(wanted, config_map)]),
        ..PodSpec::default()
    }
}

fn container(wanted: &Wanted) -> Container {
    Container {
        name: CONTAINER.to_owned(),
        image: Some(wanted.image.clone()),
        image_pull_policy: wanted.image_pull_policy.map(PullPolicy::as_str).map(str::to_owned),
        command: Some(vec!["/chat-server".to_owned()]),
        args: Some(vec!["--config".to_owned(), format!("{DIRECTORY}/{FILE}")]),
        ports: Some(vec![port("http", PUBLIC_PORT), port("metrics", PRIVATE_PORT)]),
        // Each second, since that is how soon a server that drains is seen to be unready, and a new one to be ready.
        // Twice, since a second may be lost on a busy node.
        readiness_probe: Some(Probe { failure_threshold: Some(2), ..probe("/readyz", 1, 1) }),
        liveness_probe: Some(probe("/healthz", 10, 5)),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction { seconds: LINGER_SECONDS }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        // What a server says when it refuses its configuration becomes part of the pod, and of the conditions.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        resources: Some(wanted.resources.clone()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: VOLUME.to_owned(),
            mount_path: DIRECTORY.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

fn port(name: &str, port: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn probe(path: &str, period: i32, timeout: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("metrics".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(timeout),
        ..Probe::default()
    }
}

/// Configuration and token in one volume: a mount inside another one that is read-only can't be made.
fn volume(wanted: &Wanted, config_map: &str) -> Volume {
    let item = |key: &str, path: &str| {
        Some(vec![KeyToPath { key: key.to_owned(), path: path.to_owned(), mode: None }])
    };
    Volume {
        name: VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource {
            default_mode: Some(0o444),
            sources: Some(vec![
                VolumeProjection {
                    config_map: Some(ConfigMapProjection {
                        name: config_map.to_owned(),
                        items: item(FILE, FILE),
                        optional: None,
                    }),
                    ..VolumeProjection::default()
                },
                VolumeProjection {
                    secret: Some(SecretProjection {
                        name: names::admin_secret(&wanted.name),
                        items: item(names::TOKEN_KEY, TOKEN_FILE),
                        optional: None,
                    }),
                    ..VolumeProjection::default()
                },
            ]),
        }),
        ..Volume::default()
    }
}
