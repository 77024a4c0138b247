//! After stage 6, client: deletes configurations that no server has any more.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Client, ResourceExt};

use super::apply::owned;
use crate::names;
use crate::validate::Wanted;

/// Deletes the `ConfigMaps` that only servers had that are gone.
///
/// # Errors
/// When the API server does not answer or refuses.
pub async fn tidy(client: &Client, wanted: &Wanted, current: &str, pods: &[Pod]) -> Result<(), kube::Error> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), &wanted.namespace);
    let ours = ListParams::default().labels(&names::selector_text(&wanted.name));
    for name in superfluous(&api.list(&ours).await?.items, &wanted.owner.uid, current, pods) {
        match api.delete(&name, &DeleteParams::default()).await {
            Ok(_) => tracing::info!(chatserver = wanted.name, config_map = name, "deleted"),
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The `ConfigMaps` of this owner that neither the current template nor a pod has. Pods that are about to go count: what
/// comes in their place may be of the same template. Pure.
pub fn superfluous(config_maps: &[ConfigMap], uid: &str, current: &str, pods: &[Pod]) -> Vec<String> {
    let mut used: BTreeSet<&str> = pods.iter().flat_map(mounted).collect();
    used.insert(current);
    config_maps
        .iter()
        .filter(|config_map| owned(&config_map.metadata, uid))
        .map(ResourceExt::name_any)
        .filter(|name| !used.contains(name.as_str()))
        .collect()
}

/// The `ConfigMaps` that a pod mounts.
fn mounted(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let sources = volumes.filter_map(|volume| volume.projected.as_ref()?.sources.as_ref()).flatten();
    sources.filter_map(|source| source.config_map.as_ref()).map(|config_map| config_map.name.as_str())
}
