//! Coming in: connect, get into a room with the first page of what was said there, go; then many at once.

use std::time::{Duration, Instant};

use super::{Failure, Figures, Plan};
use crate::{
    contender::{Contender, Servers},
    generator::{Fleet, OPENERS, Shape, visit},
    host::Site,
    report::Report,
};

/// As many messages as a page has, at a rate that everybody holds.
const PAGE: f64 = 50.0;
const PAGE_WITHIN: Duration = Duration::from_secs(1);

/// How long a crowd took, in a report.
const CROWD: &str = "door.crowdSeconds";

/// A server with rooms in which a page of messages was said. Who came last goes first.
pub(crate) struct Door {
    _hosts: Fleet,
    pub(crate) servers: Servers,
    contender: &'static dyn Contender,
}

/// Who came in and went, and what that cost.
pub(crate) struct Visited {
    pub(crate) visits: f64,
    pub(crate) lasted: Duration,
    pub(crate) cpu: Duration,
    redis_cpu: Duration,
}

#[expect(clippy::cast_precision_loss, reason = "visitors are counted in thousands")]
impl Door {
    pub(crate) async fn open(contender: &'static dyn Contender, site: &Site) -> Result<Self, Failure> {
        let servers = contender.start(site, 1).await?;
        let hosts = Shape { rooms: OPENERS, members: 1, senders: 1 };
        let mut hosts = Fleet::open(contender, &servers.addresses, hosts).await?;
        hosts.trial(OPENERS as f64 * PAGE, PAGE_WITHIN).await;
        Ok(Self { _hosts: hosts, servers, contender })
    }

    /// As many visitors as get in, in this time.
    pub(crate) async fn visit(&self, length: Duration) -> Result<Visited, Failure> {
        let (cpu, redis_cpu, begin) =
            (self.servers.cost().cpu, self.servers.redis_cost().cpu, Instant::now());
        let visits = visit(self.contender, self.servers.addresses[0], OPENERS, length).await? as f64;
        Ok(Visited {
            visits,
            lasted: begin.elapsed(),
            cpu: self.servers.cost().cpu.saturating_sub(cpu),
            redis_cpu: self.servers.redis_cost().cpu.saturating_sub(redis_cpu),
        })
    }
}

/// As many visitors a second as get in, and then all at once: that is seconds long, and seen once.
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    so_far: &Report,
) -> Result<Figures, Failure> {
    let door = Door::open(contender, site).await?;
    let Visited { visits, lasted, cpu, redis_cpu } = door.visit(plan.visits).await?;
    let mut figures = Figures::from([
        ("rate".to_owned(), visits / lasted.as_secs_f64()),
        ("cpuMicros".to_owned(), cpu.as_secs_f64() * 1e6 / visits),
        ("redisMicros".to_owned(), redis_cpu.as_secs_f64() * 1e6 / visits),
    ]);
    if so_far.figure(contender.name(), CROWD).is_some() {
        return Ok(figures);
    }

    let crowd = Shape { rooms: 1, members: plan.crowd, senders: 1 };
    let begin = Instant::now();
    let crowd = Fleet::rush(contender, &door.servers.addresses, crowd, plan.crowd).await?;
    figures.insert("crowdSeconds".to_owned(), begin.elapsed().as_secs_f64());
    drop(crowd);
    Ok(figures)
}
