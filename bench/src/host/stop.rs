//! When somebody asks a run to end.

use tokio::signal::unix::{SignalKind, signal};

/// Until somebody asks the run to end. A run that can't be told goes on.
pub async fn stopped() {
    let asked = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = asked else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
