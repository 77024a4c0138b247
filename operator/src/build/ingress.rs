//! The way in from outside.

use std::collections::BTreeMap;

use hubbub_protocol::WEBSOCKET_PATH;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::metadata;
use crate::crd;
use crate::validate::Wanted;

/// What ingress controllers have to be told so that a WebSocket stays open. Those of other controllers are ignored.
const ANNOTATIONS: [(&str, &str); 3] = [
    // Contour refuses WebSockets on every path that is not named here.
    ("projectcontour.io/websocket-routes", WEBSOCKET_PATH),
    // nginx cuts after 60 s without a byte; the server pings more often, but a slow network may hold that up.
    ("nginx.ingress.kubernetes.io/proxy-read-timeout", "3600"),
    ("nginx.ingress.kubernetes.io/proxy-send-timeout", "3600"),
];

pub(super) fn ingress(wanted: &Wanted, spec: &crd::IngressSpec) -> Ingress {
    let mut annotations: BTreeMap<String, String> =
        ANNOTATIONS.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    annotations.extend(spec.annotations.clone());
    let tls = spec.tls_secret_name.clone().map(|secret_name| IngressTLS {
        hosts: spec.host.clone().map(|host| vec![host]),
        secret_name: Some(secret_name),
    });
    Ingress {
        metadata: ObjectMeta { annotations: Some(annotations), ..metadata(wanted) },
        spec: Some(IngressSpec {
            ingress_class_name: spec.class_name.clone(),
            rules: Some(vec![IngressRule {
                host: spec.host.clone(),
                http: Some(HTTPIngressRuleValue {
                    paths: vec![path(wanted, "/"), path(wanted, WEBSOCKET_PATH)],
                }),
            }]),
            tls: tls.map(|tls| vec![tls]),
            ..IngressSpec::default()
        }),
        status: None,
    }
}

fn path(wanted: &Wanted, path: &str) -> HTTPIngressPath {
    HTTPIngressPath {
        path: Some(path.to_owned()),
        path_type: "Prefix".to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend {
                name: wanted.name.clone(),
                port: Some(ServiceBackendPort { name: Some("http".to_owned()), number: None }),
            }),
            resource: None,
        },
    }
}
