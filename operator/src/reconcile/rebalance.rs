//! Stage 7, servers: has servers above the average shed what they have above it.
//!
//! Nothing of it is remembered in the cluster. What was shed is seen in what servers have; what was not, since a server
//! did not answer or the operator ended, is part of the next round.

use futures::{StreamExt, stream};
use hubbub_scaling::{Move, ROUND_SECONDS};

use super::observe::{Server, address};
use crate::servers::Servers;

/// More servers than this are told one batch after the other.
const AT_A_TIME: usize = 16;

/// Tells servers to shed, and gives back how many sessions were to go of those that confirmed it.
pub async fn carry_out(servers: &Servers, token: &str, seen: &[Server], moves: &[Move]) -> u64 {
    let mut calls = Vec::with_capacity(moves.len());
    for Move { from, connections } in moves {
        let Some(address) = address(seen, from) else { continue };
        calls.push(async move {
            match servers.shed(address, token, *connections, ROUND_SECONDS).await {
                Ok(_) => {
                    tracing::info!(pod = from, connections, over_seconds = ROUND_SECONDS, "sheds");
                    u64::from(*connections)
                }
                Err(silence) => {
                    tracing::warn!(pod = from, %silence, "could not be told to shed; looking again in the next round");
                    0
                }
            }
        });
    }
    stream::iter(calls).buffer_unordered(AT_A_TIME).fold(0, |sum, shed| async move { sum + shed }).await
}
