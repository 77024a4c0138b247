//! Stage 1, client: what the cluster has now. Read directly and not from a cache, so that what is decided is
//! decided on what there is: two requests a second for each ChatServer.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use thiserror::Error;

use super::apply::owned;
use crate::crd::ChatServer;
use crate::names;

/// What the cluster has of a ChatServer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its Deployment, when it was made already.
    pub deployment: Option<Deployment>,
    /// Its pods, those included that are about to go.
    pub pods: Vec<Pod>,
}

/// Why it can't be known what the cluster has.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The API server did not answer, or refused.
    #[error("can't read {what}: {source}")]
    Api {
        /// What was asked for.
        what: &'static str,
        /// What came back.
        source: kube::Error,
    },
    /// Something of this name belongs to somebody else.
    #[error("a Deployment {0:?} is there already and does not belong to this ChatServer; rename one of them")]
    Foreign(String),
}

/// Reads the Deployment and the pods of a ChatServer.
///
/// # Errors
/// When the API server does not answer, or the Deployment belongs to somebody else.
pub async fn fetch(
    client: &Client,
    object: &ChatServer,
    namespace: &str,
    name: &str,
) -> Result<Fetched, FetchError> {
    let api = |what| move |source| FetchError::Api { what, source };
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let ours = ListParams::default().labels(&names::selector_text(name));
    let (deployment, pods) =
        tokio::try_join!(async { deployments.get_opt(name).await.map_err(api("the Deployment")) }, async {
            pods.list(&ours).await.map_err(api("the pods"))
        },)?;
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    if deployment.as_ref().is_some_and(|deployment| !owned(&deployment.metadata, uid)) {
        return Err(FetchError::Foreign(name.to_owned()));
    }
    Ok(Fetched { deployment, pods: pods.items })
}
