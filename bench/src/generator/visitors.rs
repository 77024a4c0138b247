//! Clients who come, get into a room, and go again at once.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

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
    let visits = Rc::new(Cell::new(0));
    let end = Instant::now() + length;
    let mut visitors = JoinSet::new();
    for number in 0..at_once {
        let visits = Rc::clone(&visits);
        visitors.spawn_local(async move {
            while Instant::now() < end {
                link::open(contender, address, &room(number)).await?.close().await?;
                visits.set(visits.get() + 1);
            }
            Ok::<_, OpenError>(())
        });
    }
    while let Some(ended) = visitors.join_next().await {
        ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    }
    Ok(visits.get())
}
