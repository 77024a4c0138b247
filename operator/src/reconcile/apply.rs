//! Stage 6, client: makes the cluster have what was built.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::Instant;

use super::fetch::Fetched;
use super::status::Problem;
use super::tidy;
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
    /// Something of this name belongs to somebody else. Nothing was touched.
    #[error("a {kind} {name:?} is there already and does not belong to this ChatServer; rename one of them")]
    Foreign {
        /// What it is.
        kind: &'static str,
        /// What it is called.
        name: String,
    },
    /// There is no source of random numbers.
    #[error("can't make a token: {0}")]
    Random(getrandom::Error),
}

impl ApplyError {
    /// What only a user can put right, if that is what happened.
    pub fn problem(&self) -> Option<Problem> {
        if matches!(self, Self::Foreign { .. }) {
            return Some(Problem { reason: "NameTaken", words: self.to_string() });
        }
        self.refusal().map(|words| Problem { reason: "Refused", words })
    }

    /// What the API server has against the object. It will not get better by itself.
    fn refusal(&self) -> Option<String> {
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
/// When something of a name that is needed belongs to somebody else: then nothing is touched. When the API server does
/// not answer or refuses: what was applied before that stays.
pub async fn apply(
    client: &Client,
    wanted: &Wanted,
    objects: &Objects,
    fingerprint: &str,
    fetched: &Fetched,
    last: Option<&Applied>,
) -> Result<Option<Applied>, ApplyError> {
    let generation = fetched.deployment.as_ref().and_then(|deployment| deployment.metadata.generation);
    if last.is_some_and(|last| {
        last.fingerprint == fingerprint && last.generation == generation && last.at.elapsed() < AGAIN
    }) {
        return Ok(None);
    }
    let Objects { config_map, service, ingress, disruption_budget, deployment } = objects;
    let namespace = &wanted.namespace;
    let (_, _, _, _, secret) = tokio::try_join!(
        ours::<ConfigMap>(client, wanted, "ConfigMap", config_map.name_any()),
        ours::<Service>(client, wanted, "Service", service.name_any()),
        ours::<PodDisruptionBudget>(client, wanted, "PodDisruptionBudget", disruption_budget.name_any()),
        async {
            match ingress {
                Some(ingress) => ours::<Ingress>(client, wanted, "Ingress", ingress.name_any()).await,
                None => Ok(None),
            }
        },
        ours::<Secret>(client, wanted, "Secret", secret_name(&wanted.name)),
    )?;
    // Before the Deployment, whose pods mount both.
    let token = token(client, wanted, secret).await?;
    put(client, namespace, "ConfigMap", config_map).await?;
    put(client, namespace, "Service", service).await?;
    put(client, namespace, "PodDisruptionBudget", disruption_budget).await?;
    match ingress {
        Some(ingress) => drop(put(client, namespace, "Ingress", ingress).await?),
        None => remove_ingress(client, wanted).await?,
    }
    let generation = put(client, namespace, "Deployment", deployment).await?.metadata.generation;
    if let Err(error) = tidy::tidy(client, wanted, &config_map.name_any(), &fetched.pods).await {
        tracing::warn!(chatserver = wanted.name, %error, "can't delete old ConfigMaps; trying again later");
    }
    Ok(Some(Applied { fingerprint: fingerprint.to_owned(), at: Instant::now(), generation, token }))
}

/// What there is of this name already, if it is ours. What belongs to somebody else must not be touched: the operator
/// would own it, and it would go with the ChatServer.
async fn ours<K>(
    client: &Client,
    wanted: &Wanted,
    kind: &'static str,
    name: String,
) -> Result<Option<K>, ApplyError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + DeserializeOwned + Clone + Debug,
{
    let api = Api::<K>::namespaced(client.clone(), &wanted.namespace);
    let there = api.get_opt(&name).await.map_err(|source| ApplyError::Api { kind, source })?;
    match there {
        Some(object) if !owned(object.meta(), &wanted.owner.uid) => Err(ApplyError::Foreign { kind, name }),
        there => Ok(there),
    }
}

/// Whether an object belongs to the ChatServer with this uid. Pure.
pub fn owned(metadata: &ObjectMeta, uid: &str) -> bool {
    metadata.owner_references.iter().flatten().any(|owner| owner.uid == uid)
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
async fn token(client: &Client, wanted: &Wanted, there: Option<Secret>) -> Result<String, ApplyError> {
    let name = secret_name(&wanted.name);
    let secret = match there {
        Some(secret) => secret,
        None => Api::<Secret>::namespaced(client.clone(), &wanted.namespace)
            .create(&PostParams::default(), &admin_secret(wanted, &random_token()?))
            .await
            .map_err(|source| ApplyError::Api { kind: "Secret", source })?,
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
    if owned(&ingress.metadata, &wanted.owner.uid) {
        ingresses.delete(&wanted.name, &DeleteParams::default()).await.map_err(error)?;
    }
    Ok(())
}
