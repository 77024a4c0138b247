//! Clients who come, get into a room, and go again at once.

use std::{net::SocketAddr, time::Duration};

use tokio::{task::JoinSet, time::Instant};

use super::{
    fleet::room,
    link::{self, OpenError},
};
use crate::contender::Contender;

/// Lets `at_once` clients come and go for a while, each in a room of its own. Gives how many got in.
pub async fn visit(
    contender: &'static dyn Contender,
    address: SocketAddr,
    at_once: usize,
    length: Duration,
) -> Result<u64, OpenError> {
    let end = Instant::now() + length;
    let mut visitors = JoinSet::new();
    for number in 0..at_once {
        visitors.spawn_local(async move {
            let mut visits = 0;
            while Instant::now() < end {
                link::open(contender, address, &room(number)).await?.close().await?;
                visits += 1;
            }
            Ok::<_, OpenError>(visits)
        });
    }
    visitors.join_all().await.into_iter().sum()
}
