//! Writes what a room has put into the queues of its members.

use tokio::task::{JoinSet, coop::consume_budget};

use super::members::Unwritten;

/// How many sockets one task writes to: on a core some 6 us each. With more members the rest is for other tasks, which
/// other cores take; and no task keeps its core for long.
const PART: usize = 64;

/// Writes the queues, all there are, and leaves none behind.
pub(super) async fn write_out(unwritten: &mut Unwritten) {
    if unwritten.is_empty() {
        return;
    }
    let mut parts = JoinSet::new();
    while unwritten.len() > PART {
        let part = unwritten.split_off(unwritten.len() - PART);
        parts.spawn(async move {
            for outbox in part {
                outbox.flush();
            }
        });
    }
    for outbox in unwritten.drain(..) {
        outbox.flush();
        consume_budget().await;
    }
    while parts.join_next().await.is_some() {}
}
