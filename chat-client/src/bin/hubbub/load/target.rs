//! Whether a server may be loaded, and can be reached. What was checked is what is loaded: addresses are looked up
//! once.

use chat_client::{Endpoint, Loss};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Connections come on top of what a process has open anyway.
const OTHER_FILES: u64 = 50;

/// Looks the server up, refuses one that is not this machine unless `anywhere`, and tries whether somebody listens.
pub(super) async fn check(endpoint: Endpoint, anywhere: bool) -> Result<Endpoint, Failure> {
    let url = endpoint.url().clone();
    let addresses =
        endpoint.addresses().await.map_err(|source| Failure::Unknown { url: url.clone(), source })?;
    let elsewhere = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback());
    if let (Some(address), false) = (elsewhere, anywhere) {
        return Err(Failure::NotLoopback { url, address: *address });
    }
    TcpStream::connect(&addresses[..])
        .await
        .map_err(|error| Failure::Unreachable(Loss::Unreachable(format!("can't reach {url}: {error}"))))?;
    Ok(endpoint.pinned(addresses))
}

/// Raises the limit of open files as far as needed and allowed.
pub(super) fn allow_open_files(connections: u32) -> Result<(), Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::from(connections) + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let allowed = maximum.unwrap_or(u64::MAX);
    let raised = Rlimit { current: Some(wanted), maximum };
    if allowed < wanted || setrlimit(Resource::Nofile, raised).is_err() {
        return Err(Failure::OpenFiles { wanted, allowed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chat_client::Override;

    use super::*;

    async fn verdict(url: &str, resolve: &[&str]) -> Failure {
        let overrides: Vec<Override> = resolve.iter().map(|text| text.parse().unwrap()).collect();
        let endpoint = Endpoint::new(url.parse().unwrap(), &overrides);
        // Nobody listens on port 1; a target that may be loaded fails there, and nowhere before.
        check(endpoint, false).await.unwrap_err()
    }

    #[tokio::test]
    async fn only_this_machine_is_loaded_without_a_word() {
        assert!(matches!(verdict("http://192.0.2.1:1", &[]).await, Failure::NotLoopback { .. }));
        assert!(matches!(verdict("http://[2001:db8::1]:1", &[]).await, Failure::NotLoopback { .. }));
        assert!(matches!(verdict("http://localhost:1", &[]).await, Failure::Unreachable(_)));
        assert!(matches!(verdict("http://[::ffff:127.0.0.1]:1", &[]).await, Failure::Unreachable(_)));
    }

    #[tokio::test]
    async fn the_address_of_an_override_is_what_counts() {
        let here = verdict("http://chat.example:1", &["chat.example:1:127.0.0.1"]).await;
        assert!(matches!(here, Failure::Unreachable(_)));
        let elsewhere = verdict("http://localhost:1", &["localhost:1:192.0.2.1"]).await;
        assert!(matches!(elsewhere, Failure::NotLoopback { .. }));
    }
}
