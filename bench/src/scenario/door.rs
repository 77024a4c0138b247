//! Coming in: connect, get into a room with the first page of what was said there, go; then many at once.

use std::time::{Duration, Instant};

use super::{Failure, Figures, Plan};
use crate::{
    contender::Contender,
    generator::{Fleet, OPENERS, Shape, visit},
    host::Site,
};

/// As many messages as a page has, at a rate that everybody holds.
const PAGE: f64 = 50.0;
const PAGE_WITHIN: Duration = Duration::from_secs(1);

/// As many visitors a second as get in, and then all at once.
#[expect(clippy::cast_precision_loss, reason = "visitors are counted in thousands")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
) -> Result<Figures, Failure> {
    let servers = contender.start(site, 1).await?;
    let hosts = Shape { rooms: OPENERS, members: 1, senders: 1 };
    let mut fleet = Fleet::open(contender, &servers.addresses, hosts).await?;
    fleet.trial(OPENERS as f64 * PAGE, PAGE_WITHIN).await;

    let (cpu, redis, begin) = (servers.cost().cpu, servers.redis_cost().cpu, Instant::now());
    let visits = visit(contender, servers.addresses[0], OPENERS, plan.visits).await? as f64;
    let redis = servers.redis_cost().cpu.saturating_sub(redis);
    let (cpu, seconds) = (servers.cost().cpu.saturating_sub(cpu), begin.elapsed().as_secs_f64());
    let mut figures = Figures::from([
        ("rate".to_owned(), visits / seconds),
        ("cpuMicros".to_owned(), cpu.as_secs_f64() * 1e6 / visits),
        ("redisMicros".to_owned(), redis.as_secs_f64() * 1e6 / visits),
    ]);

    let crowd = Shape { rooms: 1, members: plan.crowd, senders: 1 };
    let begin = Instant::now();
    let crowd = Fleet::rush(contender, &servers.addresses, crowd, plan.crowd).await?;
    figures.insert("crowdSeconds".to_owned(), begin.elapsed().as_secs_f64());
    drop(crowd);
    Ok(figures)
}
