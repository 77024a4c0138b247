//! Stage 6, client: makes the cluster have what was built.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::Instant;

use crate::build::{Objects, admin_secret, hex};
use crate::names::{MANAGER, TOKEN_KEY, admin_secret as secret_name};
use crate::validate::Wanted;

/// So often everything is applied once more, so that what somebody changed or deleted by hand comes back.
pub const AGAIN: Duration = Duration::from_secs(30);

/// What was applied last.
#[derive(Debug, Clone)]
pub struct Applied {
    fingerprint: String,
    at: Instant,
    generation: Option<i64>,
    /// The token for admin calls.
    pub token: String,
}

/// Why it could not be applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The API server did not answer, or refused.
    #[error("can't apply the {kind}: {source}")]
    Api {
        /// What was to be applied.
        kind: &'static str,
        /// What came back.
        source: kube::Error,
    },
    /// There is a Secret of this name that is of no use.
    #[error("the Secret {0:?} has no {TOKEN_KEY}; delete it, and a new one is made")]
    Token(String),
    /// There is no source of random numbers.
    #[error("can't make a token: {0}")]
    Random(getrandom::Error),
}

impl ApplyError {
    /// What the API server had against the object, if that is what happened: it will not get better by itself.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Api { kind, source: kube::Error::Api(status) }
                if status.is_invalid() || status.code == 400 =>
            {
                Some(format!("the API server refuses the {kind}: {}", status.message))
            }
            Self::Token(_) => Some(self.to_string()),
            _ => None,
        }
    }
}

/// Applies everything when something differs from what was applied last: what was built, or the Deployment that the
/// cluster has (`generation`). Else once in a while.
///
/// # Errors
/// When the API server does not answer or refuses. What was applied before that stays.
pub async fn apply(
    client: &Client,
    wanted: &Wanted,
    objects: &Objects,
    fingerprint: &str,
    generation: Option<i64>,
    last: Option<&Applied>,
) -> Result<Option<Applied>, ApplyError> {
    if last.is_some_and(|last| {
        last.fingerprint == fingerprint && last.generation == generation && last.at.elapsed() < AGAIN
    }) {
        return Ok(None);
    }
    let Objects { config_map, service, ingress, disruption_budget, deployment } = objects;
    let namespace = &wanted.namespace;
    // Before the Deployment, whose pods mount it.
    let token = token(client, wanted).await?;
    put(client, namespace, "ConfigMap", config_map).await?;
    put(client, namespace, "Service", service).await?;
    put(client, namespace, "PodDisruptionBudget", disruption_budget).await?;
    match ingress {
        Some(ingress) => drop(put(client, namespace, "Ingress", ingress).await?),
        None => remove_ingress(client, wanted).await?,
    }
    let generation = put(client, namespace, "Deployment", deployment).await?.metadata.generation;
    Ok(Some(Applied { fingerprint: fingerprint.to_owned(), at: Instant::now(), generation, token }))
}

async fn put<K>(client: &Client, namespace: &str, kind: &'static str, object: &K) -> Result<K, ApplyError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Serialize
        + DeserializeOwned
        + Clone
        + Debug,
{
    // What the operator says it says alone: two who set the same field would undo each other for ever.
    let params = PatchParams::apply(MANAGER).force();
    Api::<K>::namespaced(client.clone(), namespace)
        .patch(&object.name_any(), &params, &Patch::Apply(object))
        .await
        .map_err(|source| ApplyError::Api { kind, source })
}

/// The token of the Secret, which is made when it is not there, and never changed: servers read it when they start.
async fn token(client: &Client, wanted: &Wanted) -> Result<String, ApplyError> {
    let error = |source| ApplyError::Api { kind: "Secret", source };
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &wanted.namespace);
    let name = secret_name(&wanted.name);
    let secret = if let Some(secret) = secrets.get_opt(&name).await.map_err(error)? {
        secret
    } else {
        let secret = admin_secret(wanted, &random_token()?);
        secrets.create(&PostParams::default(), &secret).await.map_err(error)?
    };
    secret
        .data
        .as_ref()
        .and_then(|data| data.get(TOKEN_KEY))
        .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
        .ok_or(ApplyError::Token(name))
}

/// 256 random bits in hex.
fn random_token() -> Result<String, ApplyError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(ApplyError::Random)?;
    Ok(hex(&bytes))
}

/// Takes away an Ingress that is no longer wanted, if it is ours.
async fn remove_ingress(client: &Client, wanted: &Wanted) -> Result<(), ApplyError> {
    let error = |source| ApplyError::Api { kind: "Ingress", source };
    let ingresses: Api<Ingress> = Api::namespaced(client.clone(), &wanted.namespace);
    let Some(ingress) = ingresses.get_opt(&wanted.name).await.map_err(error)? else { return Ok(()) };
    if ingress.owner_references().iter().any(|owner| owner.uid == wanted.owner.uid) {
        ingresses.delete(&wanted.name, &DeleteParams::default()).await.map_err(error)?;
    }
    Ok(())
}
