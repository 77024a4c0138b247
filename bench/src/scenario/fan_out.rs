//! What is said in a room comes to all who are in it: how much of it a second, and what it costs.

use std::time::Duration;

use super::{Failure, Figures, Plan};
use crate::{
    contender::{Contender, Servers, behind_haproxy},
    generator::{Fleet, Guests, LATEST, Seats, Trial, taken_for},
    host::Site,
    search::Search,
};

/// What every contender can do, so that costs are compared at equal work.
pub(crate) const FIXED_RATE: f64 = 20_000.0;

/// Where the search begins, and by which factor it goes on.
const SEARCH_START: f64 = 60_000.0;
const SEARCH_GROWTH: f64 = 3.0;

/// A rate has failed when it failed as often in a row: the machine may have stood still for a moment the first time.
const ATTEMPTS: u32 = 2;

/// Unless not even this part of it came: that was no moment.
const BY_FAR: f64 = 0.6;

/// HAProxy asks each server once a second, and believes the second answer that one is not there; and a second more.
const PROXY_KNOWS: Duration = Duration::from_secs(3);

/// How long the proxy takes to know that some of its three servers are not there; all of them it believes at once.
pub(super) fn proxy_knows(servers: usize) -> Duration {
    if servers < 3 { PROXY_KNOWS } else { Duration::ZERO }
}

/// How long each of the guests is in a room.
const GUESTS_STAY: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(super) servers: usize,
    pub(super) seats: Seats,
    /// Guests who come and go all the time, and change their names where they have some.
    pub(super) guests: usize,
    /// Whether the servers are those of a single host, behind HAProxy.
    pub(super) behind_proxy: bool,
}

impl Work {
    /// Members who stay, and talk with servers without a proxy.
    pub(crate) fn of(servers: usize, seats: impl Into<Seats>) -> Self {
        Self { servers, seats: seats.into(), guests: 0, behind_proxy: false }
    }
}

/// Servers and the members of their rooms; who came last goes first.
pub(crate) struct Stage {
    guests: Guests,
    fleet: Fleet,
    pub(crate) servers: Servers,
}

impl Stage {
    pub(crate) async fn open(
        contender: &'static dyn Contender,
        site: &Site,
        work: &Work,
    ) -> Result<Self, Failure> {
        let servers = if work.behind_proxy {
            let servers = behind_haproxy(site, work.servers).await?;
            taken_for(contender, servers.addresses[0], proxy_knows(work.servers)).await?;
            servers
        } else {
            contender.start(site, work.servers).await?
        };
        let fleet = Fleet::open(contender, &servers.addresses, work.seats.clone()).await?;
        let guests =
            Guests::come(contender, &servers.addresses, work.seats.rooms(), work.guests, GUESTS_STAY);
        Ok(Self { guests, fleet, servers })
    }

    /// Holds so many deliveries a second, and accounts for them.
    pub(crate) async fn hold(&mut self, rate: f64, length: Duration) -> Held {
        let before = self.cpu();
        let trial = self.fleet.trial(rate / self.fleet.fan_out(), length).await;
        let after = self.cpu();
        let [cpu, redis_cpu, proxy_cpu] = [0, 1, 2].map(|part| after[part].saturating_sub(before[part]));
        Held { trial, cpu, redis_cpu, proxy_cpu }
    }

    /// Nothing comes any more.
    pub(super) async fn quiet(&mut self) {
        self.fleet.quiet().await;
    }

    /// Of the servers, of Redis, of the proxy.
    fn cpu(&self) -> [Duration; 3] {
        [self.servers.cost(), self.servers.redis_cost(), self.servers.proxy_cost()].map(|cost| cost.cpu)
    }
}

/// What a rate came to, and what it cost.
pub(crate) struct Held {
    pub(crate) trial: Trial,
    pub(crate) cpu: Duration,
    redis_cpu: Duration,
    proxy_cpu: Duration,
}

impl Held {
    /// 99 of 100 deliveries took no longer; more than is allowed when they did not come as they should.
    pub(super) fn p99(&self) -> Duration {
        let Trial { p99, .. } = self.trial;
        if self.trial.is_whole() { p99 } else { p99.max(LATEST) }
    }

    #[expect(clippy::cast_precision_loss, reason = "2^52 bytes are not delivered in a trial")]
    fn tell(&self, figures: &mut Figures, at: &str) {
        let mut tell = |name: &str, value: f64| _ = figures.insert(format!("{name}{at}"), value);
        tell("cpu", self.trial.per_million(self.cpu));
        tell("redisCpu", self.trial.per_million(self.redis_cpu));
        tell("bytes", self.trial.bytes as f64 / self.trial.delivered.max(1) as f64);
        tell("p50Ms", self.trial.p50.as_secs_f64() * 1e3);
        tell("p90Ms", self.trial.p90.as_secs_f64() * 1e3);
        tell("p999Ms", self.trial.p999.as_secs_f64() * 1e3);
        tell("p99Ms", self.trial.p99.as_secs_f64() * 1e3);
        tell("proxyCpu", self.trial.per_million(self.proxy_cpu));
        let all = self.cpu + self.redis_cpu + self.proxy_cpu;
        tell("serverCoreBusy", all.as_secs_f64() / self.trial.lasted.as_secs_f64());
        tell("generatorBusy", self.trial.generator_busy);
    }
}

/// 99 of 100 deliveries took no longer at this rate; more than is allowed when they did not come as they should.
pub(super) async fn p99_at(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    work: &Work,
    rate: f64,
) -> Result<Duration, Failure> {
    Ok(Stage::open(contender, site, work).await?.hold(rate, plan.trial).await.p99())
}

/// First a rate that all can hold, for its cost; then the highest; then half of it, for its latency.
#[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    work: Work,
) -> Result<Figures, Failure> {
    let mut figures = Figures::new();
    let mut stage = Stage::open(contender, site, &work).await?;
    if work.guests == 0 {
        stage.quiet().await;
    }
    let fixed = stage.hold(FIXED_RATE, plan.fixed).await;
    fixed.tell(&mut figures, "At20k");
    let Trial { lost, duplicated, misordered, .. } = fixed.trial;
    let mut broken = [lost, duplicated, misordered];

    let mut search = Search::new(SEARCH_START, SEARCH_GROWTH, plan.precision);
    let mut best: Option<Held> = None;
    let mut failures = 0;
    while let Some(rate) = search.next() {
        let held = stage.hold(rate, plan.trial).await;
        let whole = held.trial.is_whole();
        if held.trial.held() {
            search.tell(true);
            figures.insert(format!("cpuAtRate.{:.0}", held.trial.rate()), held.trial.per_million(held.cpu));
            (best, failures) = (Some(held), 0);
        } else {
            failures += 1;
            if failures == ATTEMPTS || held.trial.rate() < rate * BY_FAR {
                search.tell(false);
                failures = 0;
            }
        }
        // What is still under way, or closed, would spoil the next trial.
        if !whole {
            drop(stage);
            stage = Stage::open(contender, site, &work).await?;
        }
    }
    let Some(best) = best else {
        let Trial { expected, delivered, closed, .. } = fixed.trial;
        return Err(Failure::NothingHeld { expected, delivered, closed });
    };
    best.tell(&mut figures, "AtMost");
    let most = best.trial.rate();
    figures.insert("most".to_owned(), most);

    let half = stage.hold(most / 2.0, plan.trial).await;
    half.tell(&mut figures, "AtHalf");
    for (sum, more) in broken.iter_mut().zip([half.trial.lost, half.trial.duplicated, half.trial.misordered])
    {
        *sum += more;
    }
    for (name, count) in ["lost", "duplicated", "misordered"].into_iter().zip(broken) {
        figures.insert(name.to_owned(), count as f64);
    }
    if work.guests > 0 {
        let (visits, refused) = stage.guests.counted();
        figures.insert("visits".to_owned(), visits as f64);
        figures.insert("visitsRefused".to_owned(), refused as f64);
    }
    Ok(figures)
}
