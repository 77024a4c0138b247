//! Why a server does not run, from what its node says. No client.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus};

/// What a node says may be long, and a condition has to fit a screen.
const LONGEST: usize = 300;
/// What every container waits for at first: nothing is wrong.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// Whether nothing runs in a pod that did run: its container ended and waits to be started again. A pod whose node no
/// longer answers goes on to be told of as running.
pub(super) fn stands(status: Option<&PodStatus>) -> bool {
    let stands = |container: &ContainerStatus| {
        container.state.as_ref().is_some_and(|state| state.waiting.is_some() || state.terminated.is_some())
    };
    let mut containers = containers(status).peekable();
    containers.peek().is_some() && containers.all(stands)
}

/// Why a pod does not run, when something is wrong: `ImagePullBackOff: Back-off pulling image "chat:9"`.
pub(super) fn trouble(status: Option<&PodStatus>) -> Option<String> {
    containers(status).find_map(container).or_else(|| no_node(status?))
}

fn containers(status: Option<&PodStatus>) -> impl Iterator<Item = &ContainerStatus> {
    status.into_iter().flat_map(|status| status.container_statuses.iter().flatten())
}

fn container(status: &ContainerStatus) -> Option<String> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().filter(|reason| !USUAL.contains(reason))?;
    let said = with(reason, waiting.message.as_deref());
    Some(match status.last_state.as_ref().and_then(end) {
        Some(end) => format!("{said}; it ended with {end}"),
        None => said,
    })
}

/// How the last run ended: `Error (exit code 2): queue-bytes: 1 is too small`.
fn end(state: &ContainerState) -> Option<String> {
    let terminated = state.terminated.as_ref()?;
    let reason = terminated.reason.as_deref().unwrap_or("Error");
    // The end of the log. What a chat-server says last is why it ended.
    let last = terminated.message.as_deref().and_then(|log| log.trim_end().lines().last());
    Some(with(&format!("{reason} (exit code {})", terminated.exit_code), last))
}

fn no_node(status: &PodStatus) -> Option<String> {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let refused = conditions.iter().find(|said| said.type_ == "PodScheduled" && said.status == "False")?;
    Some(with(refused.reason.as_deref().unwrap_or("Unschedulable"), refused.message.as_deref()))
}

fn with(reason: &str, message: Option<&str>) -> String {
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{reason}: {}", message.chars().take(LONGEST).collect::<String>()),
        None => reason.to_owned(),
    }
}
