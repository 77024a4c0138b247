//! What is said in a room comes to all who are in it: how much of it a second, and what it costs.

use std::time::Duration;

use super::{Failure, Figures, Plan};
use crate::{
    contender::{Contender, Servers},
    generator::{Fleet, Shape, Trial},
    host::Site,
    search::Search,
};

/// What every contender can do, so that costs are compared at equal work.
const FIXED_RATE: f64 = 20_000.0;

/// Where the search begins, and by which factor it goes on.
const SEARCH_START: f64 = 60_000.0;
const SEARCH_GROWTH: f64 = 4.0;

/// Servers and the members of their rooms; the members go first.
struct Stage {
    fleet: Fleet,
    servers: Servers,
}

impl Stage {
    async fn open(
        contender: &'static dyn Contender,
        site: &Site,
        servers: usize,
        shape: Shape,
    ) -> Result<Self, Failure> {
        let servers = contender.start(site, servers).await?;
        let fleet = Fleet::open(contender, &servers.addresses, shape).await?;
        Ok(Self { fleet, servers })
    }

    /// Holds so many deliveries a second, and accounts for them.
    async fn hold(&mut self, rate: f64, shape: Shape, length: Duration) -> Held {
        let (servers, redis) = (self.servers.cost().cpu, self.servers.redis_cost().cpu);
        let members = u32::try_from(shape.members).unwrap_or(u32::MAX);
        let trial = self.fleet.trial(rate / f64::from(members), length).await;
        let cpu = self.servers.cost().cpu.saturating_sub(servers);
        let redis_cpu = self.servers.redis_cost().cpu.saturating_sub(redis);
        Held { trial, cpu, redis_cpu }
    }
}

struct Held {
    trial: Trial,
    cpu: Duration,
    redis_cpu: Duration,
}

impl Held {
    /// CPU seconds for a million deliveries.
    #[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
    fn per_million(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.trial.delivered.max(1) as f64
    }

    fn tell(&self, figures: &mut Figures, at: &str) {
        let mut tell = |name: &str, value: f64| _ = figures.insert(format!("{name}{at}"), value);
        tell("cpu", self.per_million(self.cpu));
        tell("redisCpu", self.per_million(self.redis_cpu));
        tell("p50Ms", self.trial.p50.as_secs_f64() * 1e3);
        tell("p99Ms", self.trial.p99.as_secs_f64() * 1e3);
        tell("generatorBusy", self.trial.generator_busy);
    }
}

/// First a rate that all can hold, for its cost; then the highest; then half of it, for its latency.
#[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    servers: usize,
    shape: Shape,
) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    let mut stage = Stage::open(contender, site, servers, shape).await?;
    let fixed = stage.hold(FIXED_RATE, shape, plan.fixed).await;
    fixed.tell(&mut figures, "At20k");
    let Trial { lost, duplicated, misordered, .. } = fixed.trial;
    let mut broken = [lost, duplicated, misordered];

    let mut search = Search::new(SEARCH_START, SEARCH_GROWTH, plan.precision);
    let mut best: Option<Held> = None;
    while let Some(rate) = search.next() {
        let held = stage.hold(rate, shape, plan.trial).await;
        search.tell(held.trial.held());
        let whole = held.trial.is_whole();
        if held.trial.held() {
            best = Some(held);
        }
        // What is still under way, or closed, would spoil the next trial.
        if !whole {
            drop(stage);
            stage = Stage::open(contender, site, servers, shape).await?;
        }
    }
    let Some(best) = best else {
        let Trial { expected, delivered, closed, .. } = fixed.trial;
        return Err(Failure::NothingHeld { expected, delivered, closed });
    };
    best.tell(&mut figures, "AtMost");
    let most = best.trial.rate();
    figures.insert("most".to_owned(), most);

    let half = stage.hold(most / 2.0, shape, plan.trial).await;
    half.tell(&mut figures, "AtHalf");
    for (sum, more) in broken.iter_mut().zip([half.trial.lost, half.trial.duplicated, half.trial.misordered])
    {
        *sum += more;
    }
    for (name, count) in ["lost", "duplicated", "misordered"].into_iter().zip(broken) {
        figures.insert(name.to_owned(), count as f64);
    }
    Ok(figures)
}
