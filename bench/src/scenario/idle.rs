//! What a connection weighs that is in its room, where nothing is said.

use super::{Failure, Figures, Plan};
use crate::{
    contender::Contender,
    generator::{Fleet, Shape},
    host::Site,
};

/// Opens all connections, and reads off what the servers' memory grew by.
#[expect(clippy::cast_precision_loss, reason = "2^52 bytes are more than a machine has")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
) -> Result<Figures, Failure> {
    let shape = Shape { rooms: plan.idle / 10, members: 10, senders: 1 };
    let servers = contender.start(site, 1).await?;
    // What is allocated at the first connection is the server's, not the connection's.
    drop(Fleet::open(contender, &servers.addresses, Shape { rooms: 1, members: 1, senders: 1 }).await?);
    let before = servers.cost().rss;
    let fleet = Fleet::open(contender, &servers.addresses, shape).await?;
    let grown = servers.cost().rss.saturating_sub(before) as f64 / 1024.0;
    drop(fleet);
    Ok(Figures::from([("kib".to_owned(), grown / plan.idle as f64)]))
}
