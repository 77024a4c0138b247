//! Who acts, when several operators run: the one that holds the Lease.
//!
//! Replacing a Lease with an old resource version answers 409, so that two can't both take it. Whether a holder
//! is gone is told from its Lease not changing, on this machine's clock: clocks of two machines are never compared.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::time::{Instant, sleep, timeout};

use crate::args::OwnPod;
use crate::fence::Term;
use crate::telemetry::Telemetry;

/// The Lease's name.
pub const NAME: &str = "hubbub-operator";
/// A holder that has not renewed for so long is gone.
pub const TERM: Duration = Duration::from_secs(15);
/// A holder that could not renew for so long stops acting. The difference to [`TERM`] is what a request that is under
/// way may take.
pub const GIVE_UP: Duration = Duration::from_secs(10);
/// So often it renews, or looks whether it may take over.
pub const RETRY: Duration = Duration::from_secs(2);
/// A try that takes longer is given up, so that one answer that never comes does not cost the Lease: three tries fit into
/// [`GIVE_UP`].
const TRY: Duration = Duration::from_secs(2);

/// A wish to hold the Lease.
#[derive(Debug)]
pub struct Candidate {
    api: Api<Lease>,
    identity: String,
    owner: Option<OwnerReference>,
    term: Term,
    telemetry: Telemetry,
}

/// What is known of the holder: the Lease as it was, and since when it is like that.
#[derive(Debug, Clone)]
struct Seen {
    version: Option<String>,
    since: Instant,
}

/// What to do about the Lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It is ours: renew it.
    Renew,
    /// Nobody holds it: take it.
    Take,
    /// Another one holds it.
    Wait,
}

fn claim(spec: &LeaseSpec, identity: &str, unchanged_for: Duration) -> Claim {
    match spec.holder_identity.as_deref() {
        Some(holder) if holder == identity => Claim::Renew,
        None | Some("") => Claim::Take,
        Some(_) if unchanged_for >= TERM => Claim::Take,
        Some(_) => Claim::Wait,
    }
}

impl Candidate {
    /// A candidate for the Lease of a namespace. The identity is that of no other operator that may run. A Lease
    /// that is ours goes with `pod`, so that none is left when the operator is uninstalled. `term` is told until when
    /// it is ours.
    pub fn new(
        client: Client,
        namespace: &str,
        identity: String,
        pod: Option<&OwnPod>,
        term: Term,
        telemetry: Telemetry,
    ) -> Self {
        // An owner can only be in the namespace of what it owns.
        let owner = pod.filter(|_| client.default_namespace() == namespace).map(owner_reference);
        Self { api: Api::namespaced(client, namespace), identity, owner, term, telemetry }
    }

    /// Waits until the Lease is ours: then the term runs.
    pub async fn acquire(&self) {
        let mut seen = None;
        loop {
            let begun = Instant::now();
            match timeout(GIVE_UP, self.try_once(&mut seen)).await {
                Ok(Ok(true)) => {
                    self.term.renew(begun, GIVE_UP);
                    return;
                }
                Ok(Ok(false)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "can't get the lease; trying again"),
                Err(_) => tracing::warn!("the API server does not answer; trying again"),
            }
            sleep(RETRY).await;
        }
    }

    /// Keeps the Lease that is ours, and returns when it is lost.
    pub async fn keep(&self) {
        self.keep_renewing().await;
        self.term.end();
    }

    async fn keep_renewing(&self) {
        let mut seen = None;
        loop {
            sleep(RETRY).await;
            let begun = Instant::now();
            match timeout(self.term.left().min(TRY), self.try_once(&mut seen)).await {
                Ok(Ok(true)) => self.term.renew(begun, GIVE_UP),
                Ok(Ok(false)) => {
                    tracing::warn!("another operator has the lease");
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "can't renew the lease; trying again"),
                Err(_) => {}
            }
            if !self.term.holds() {
                tracing::warn!("the lease could not be renewed in time");
                return;
            }
        }
    }

    /// Gives the Lease back, so that the next operator need not wait.
    ///
    /// # Errors
    /// When the API server does not answer; then the next one waits.
    pub async fn release(&self) -> Result<(), kube::Error> {
        self.term.end();
        let Some(mut lease) = self.api.get_opt(NAME).await? else { return Ok(()) };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(self.identity.as_str()) {
            spec.holder_identity = None;
            self.api.replace(NAME, &PostParams::default(), &lease).await?;
        }
        Ok(())
    }

    /// Whether the Lease is ours now.
    async fn try_once(&self, seen: &mut Option<Seen>) -> Result<bool, kube::Error> {
        let there = self.api.get_opt(NAME).await?;
        self.telemetry.heard();
        let written = match there {
            None => {
                let metadata = ObjectMeta {
                    name: Some(NAME.to_owned()),
                    owner_references: self.owners(),
                    ..ObjectMeta::default()
                };
                let lease = Lease { metadata, spec: Some(self.ours(None)) };
                self.api.create(&PostParams::default(), &lease).await
            }
            Some(mut lease) => {
                let version = lease.metadata.resource_version.clone();
                let before = seen.take().filter(|seen| seen.version == version);
                let since = before.map_or_else(Instant::now, |seen| seen.since);
                *seen = Some(Seen { version, since });
                let spec = lease.spec.clone().unwrap_or_default();
                match claim(&spec, &self.identity, since.elapsed()) {
                    Claim::Wait => return Ok(false),
                    Claim::Renew => lease.spec = Some(self.ours(Some(&spec))),
                    Claim::Take => lease.spec = Some(self.ours(None)),
                }
                lease.metadata.owner_references = self.owners();
                self.api.replace(NAME, &PostParams::default(), &lease).await
            }
        };
        match written {
            Ok(_) => Ok(true),
            // Somebody was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn owners(&self) -> Option<Vec<OwnerReference>> {
        self.owner.clone().map(|owner| vec![owner])
    }

    fn ours(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(TERM.as_secs()).ok(),
            acquire_time: before.and_then(|spec| spec.acquire_time.clone()).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            ..LeaseSpec::default()
        }
    }
}

fn owner_reference(OwnPod { pod_name, pod_uid }: &OwnPod) -> OwnerReference {
    OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        name: pod_name.clone(),
        uid: pod_uid.clone(),
        ..OwnerReference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held_by(holder: Option<&str>) -> LeaseSpec {
        LeaseSpec { holder_identity: holder.map(str::to_owned), ..LeaseSpec::default() }
    }

    #[test]
    fn our_own_lease_is_renewed_however_old_it_is() {
        assert_eq!(claim(&held_by(Some("me")), "me", Duration::from_secs(100)), Claim::Renew);
    }

    #[test]
    fn a_lease_that_was_given_back_is_taken_at_once() {
        assert_eq!(claim(&held_by(None), "me", Duration::ZERO), Claim::Take);
        assert_eq!(claim(&held_by(Some("")), "me", Duration::ZERO), Claim::Take);
    }

    #[test]
    fn the_lease_of_another_is_taken_only_after_its_term() {
        assert_eq!(claim(&held_by(Some("other")), "me", Duration::from_secs(14)), Claim::Wait);
        assert_eq!(claim(&held_by(Some("other")), "me", TERM), Claim::Take);
    }
}
