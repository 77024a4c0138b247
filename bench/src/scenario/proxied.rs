//! One, two and three servers behind HAProxy, as manifests/single-host has them: how much more each server brings, until
//! a core is full. There the table says how busy the core of the servers, Redis and HAProxy was.

use std::time::Instant;

use super::{
    Failure, Figures, Plan,
    fan_out::{self, Work, proxy_knows},
};
use crate::{
    contender::{Contender, behind_haproxy},
    generator::{Shape, post_messages, taken_for},
    host::Site,
};

/// Rooms of two, so that it is messages that cost and not their deliveries.
const PAIRS: Shape = Shape { rooms: 100, members: 2, senders: 1 };

/// Guests who post at a time.
const GUESTS: usize = 32;

/// Messages a second over WebSocket, and over HTTP.
#[expect(clippy::cast_precision_loss, reason = "requests are counted in thousands")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    for servers in plan.behind_proxy.iter().copied() {
        let work = Work { behind_proxy: true, ..Work::of(servers, PAIRS) };
        let found = fan_out::run(contender, site, plan, work).await?;
        let of = |name: &str| found.get(name).copied().unwrap_or_default();
        figures.insert(format!("sends{servers}"), of("most") / PAIRS.members as f64);
        figures.insert(format!("sendsCoreBusy{servers}"), of("serverCoreBusyAtMost"));

        let hosts = behind_haproxy(site, servers).await?;
        taken_for(contender, hosts.addresses[0], proxy_knows(servers)).await?;
        let begin = Instant::now();
        let stored = post_messages(hosts.addresses[0], GUESTS, plan.visits).await?;
        figures.insert(format!("posts{servers}"), stored as f64 / begin.elapsed().as_secs_f64());
    }
    Ok(figures)
}
