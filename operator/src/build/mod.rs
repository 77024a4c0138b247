//! Stage 5, no client: the objects of a ChatServer. Pure, so that what is applied can be read in
//! `tests/fixtures`.

mod config;
mod deployment;
mod hash;
mod ingress;
mod service;

pub use hash::hex;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use thiserror::Error;

use crate::names;
use crate::validate::Wanted;

/// All objects of a ChatServer but its Secret, which is made once and never changed: see [`admin_secret`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Objects {
    /// The servers' configuration.
    pub config_map: ConfigMap,
    /// The address of the servers that take sessions.
    pub service: Service,
    /// The way in from outside, when wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
    /// How many servers may be away at a time when nodes are emptied.
    pub disruption_budget: PodDisruptionBudget,
    /// The servers.
    pub deployment: Deployment,
}

/// Why objects could not be built: a defect, since everything is checked before.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The configuration could not be written as TOML.
    #[error("the servers' configuration can't be written: {0}")]
    Config(#[from] toml::ser::Error),
    /// An object could not be written as JSON.
    #[error("an object can't be written: {0}")]
    Object(#[from] serde_json::Error),
}

impl Objects {
    /// The annotation that pods of the current template have.
    pub fn template(&self) -> Option<&str> {
        let annotations = self.deployment.spec.as_ref()?.template.metadata.as_ref()?.annotations.as_ref()?;
        annotations.get(names::TEMPLATE).map(String::as_str)
    }

    /// Makes the Deployment ask for so many servers.
    #[must_use]
    pub fn ask_for(mut self, servers: u32) -> Self {
        if let Some(spec) = self.deployment.spec.as_mut() {
            spec.replicas = Some(i32::try_from(servers).unwrap_or(i32::MAX));
        }
        self
    }

    /// A text that changes whenever an object does.
    ///
    /// # Errors
    /// When an object can't be written as JSON.
    pub fn fingerprint(&self) -> Result<String, BuildError> {
        Ok(hash::of(serde_json::to_string(self)?.as_bytes()))
    }
}

/// The objects of a ChatServer. How many servers the Deployment asks for is for [`Objects::ask_for`] to say.
///
/// # Errors
/// When something can't be written as TOML or JSON.
pub fn build(wanted: &Wanted) -> Result<Objects, BuildError> {
    let config_map = config::config_map(wanted, config::text(wanted)?);
    Ok(Objects {
        deployment: deployment::deployment(wanted, config_map.metadata.name.as_deref().unwrap_or_default())?,
        config_map,
        service: service::service(wanted),
        disruption_budget: service::disruption_budget(wanted),
        ingress: wanted.ingress.as_ref().map(|spec| ingress::ingress(wanted, spec)),
    })
}

/// The Secret with the token for admin calls, which operator and servers share.
pub fn admin_secret(wanted: &Wanted, token: &str) -> Secret {
    Secret {
        metadata: ObjectMeta { name: Some(names::admin_secret(&wanted.name)), ..metadata(wanted) },
        string_data: Some([(names::TOKEN_KEY.to_owned(), token.to_owned())].into()),
        ..Secret::default()
    }
}

/// What every object has: the ChatServer's name, the labels, and the owner, with whom it goes.
fn metadata(wanted: &Wanted) -> ObjectMeta {
    let mut labels = names::selector(&wanted.name);
    labels.insert("app.kubernetes.io/managed-by".to_owned(), names::MANAGER.to_owned());
    labels.insert("app.kubernetes.io/part-of".to_owned(), "hubbub".to_owned());
    ObjectMeta {
        name: Some(wanted.name.clone()),
        namespace: Some(wanted.namespace.clone()),
        labels: Some(labels),
        owner_references: Some(vec![wanted.owner.clone()]),
        ..ObjectMeta::default()
    }
}
