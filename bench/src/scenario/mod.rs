//! The work: what is asked of each contender, and what is read off.

mod at_our_half;
mod churn;
mod door;
mod fan_out;
mod floor;
mod growth;
mod idle;
mod laggards;
mod plan;
mod proxied;

use std::collections::BTreeMap;

pub(crate) use door::Door;
pub(crate) use fan_out::{FIXED_RATE, Stage, Work};
pub use plan::Plan;

use crate::{
    contender::Contender,
    generator::{NotOpened, OpenError, Seats, Shape},
    host::{Site, Unavailable},
    report::{BARE_SOCKETS, MEMORY, OURS, REDIS, Report},
};

/// Numbers by the names of [`crate::report::FIGURES`].
pub type Figures = BTreeMap<String, f64>;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The contender is not there.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Its clients did not get into their rooms.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// The same, of those who come later.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Not even a low rate was held.
    #[error(
        "no rate was held; of {expected} deliveries at a low one {delivered} came, {closed} connections were closed"
    )]
    NothingHeld {
        /// Deliveries that there had to be.
        expected: u64,
        /// Deliveries that there were.
        delivered: u64,
        /// Connections that the server ended.
        closed: usize,
    },
}

/// One room, ten of whose members talk.
pub(crate) const HALL: Shape = Shape { rooms: 1, members: 1_000, senders: 10 };

/// Rooms by Zipf's law, and the part of their members that talks.
const MIXED_ROOMS: usize = 200;
const MIXED_TALKING: f64 = 0.05;

/// As many a second come into a room and go again, and change their names in between.
const GUESTS: usize = 20;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// What bare sockets cost, the least that a hall can.
    Floor,
    /// One room of 1,000.
    Hall,
    /// The hall at half of what the best of ours delivers at most.
    HallAtOurHalf,
    /// The hall at half of the own highest rate, with members who read slowly and without.
    Laggards,
    /// Rooms of 10, one of whom talks.
    Tables,
    /// The same for the tables.
    TablesAtOurHalf,
    /// Rooms of all sizes, in which some talk, and others come, change their names and go.
    Mixed,
    /// Connections in rooms where nothing is said.
    Idle,
    /// Clients that come and go.
    Door,
    /// The hall, half of it on each of two servers.
    TwoHalls,
    /// The tables, half of each on each of two servers.
    TwoTables,
    /// More of everything, at one rate.
    Growth,
    /// One, two and three servers behind HAProxy.
    Proxied,
    /// Connections that come and go for a long time.
    Churn,
}

impl Scenario {
    /// In the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Floor,
        Self::Hall,
        Self::HallAtOurHalf,
        Self::Laggards,
        Self::Tables,
        Self::TablesAtOurHalf,
        Self::Mixed,
        Self::Idle,
        Self::Door,
        Self::TwoHalls,
        Self::TwoTables,
        Self::Growth,
        Self::Proxied,
        Self::Churn,
    ];

    /// What figures of it begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Hall => "hall",
            Self::HallAtOurHalf => "hallAtOurHalf",
            Self::Laggards => "laggards",
            Self::Tables => "tables",
            Self::TablesAtOurHalf => "tablesAtOurHalf",
            Self::Mixed => "mixed",
            Self::Idle => "idle",
            Self::Door => "door",
            Self::TwoHalls => "twoHalls",
            Self::TwoTables => "twoTables",
            Self::Growth => "growth",
            Self::Proxied => "proxied",
            Self::Churn => "churn",
        }
    }

    /// Whether it is for this contender.
    pub fn is_for(self, contender: &dyn Contender, plan: &Plan) -> bool {
        match self {
            // One that is there; it is not asked.
            Self::Floor => contender.name() == MEMORY,
            Self::Hall
            | Self::HallAtOurHalf
            | Self::Tables
            | Self::TablesAtOurHalf
            | Self::Mixed
            | Self::Idle
            | Self::Door
            | Self::Churn => !contender.only_scaled(),
            // Ours is compared with itself.
            Self::Laggards => !contender.only_scaled() && contender.name().starts_with(OURS),
            Self::TwoHalls => contender.scales(),
            Self::TwoTables => contender.scales() && plan.two_tables,
            Self::Growth => [MEMORY, REDIS].contains(&contender.name()),
            // The configuration is that of Hubbub's servers.
            Self::Proxied => {
                contender.scales() && !contender.only_scaled() && contender.name().starts_with(OURS)
            }
        }
    }

    /// Whether it is measured in this round of so many: once what is a curve and not a comparison, what nothing is wanted of,
    /// and what hardly differs from one time to the next; what takes long is the last. Of who has
    /// [one round](Contender::has_one_round) the first is measured.
    pub fn is_in(self, round: u32, rounds: u32, contender: &dyn Contender) -> bool {
        match self {
            _ if self.is_common() => round == rounds,
            // Beside what is common to all.
            _ if self.is_of_memory_alone() => round == rounds,
            Self::Growth | Self::Proxied | Self::Floor | Self::Mixed | Self::TwoTables => round == 1,
            _ => round == 1 || !contender.has_one_round(),
        }
    }

    /// What the figures are of.
    pub fn subject(self, contender: &dyn Contender) -> &'static str {
        match self {
            Self::Floor => BARE_SOCKETS,
            _ => contender.name(),
        }
    }

    /// Whether it takes so long that all contenders have it at the same time, once in a run.
    pub fn is_common(self) -> bool {
        self == Self::Churn
    }

    /// Whether nothing but memory is looked at: what others do on the same core meanwhile does not change that.
    pub fn is_of_memory_alone(self) -> bool {
        self == Self::Idle
    }

    /// Does the work with these contenders, one after the other unless it is common to them, and reads the figures off.
    pub async fn run(
        self,
        contenders: &[&'static dyn Contender],
        site: &Site,
        plan: &Plan,
        so_far: &Report,
    ) -> Vec<Result<Figures, Failure>> {
        let mut results = Vec::new();
        if self.is_common() {
            results = churn::run(contenders, site, plan).await;
        } else {
            for contender in contenders {
                results.push(self.run_alone(*contender, site, plan, so_far).await);
            }
        }
        let named = |(name, value)| (format!("{}.{name}", self.name()), value);
        results.into_iter().map(|result| Ok(result?.into_iter().map(named).collect())).collect()
    }

    async fn run_alone(
        self,
        contender: &'static dyn Contender,
        site: &Site,
        plan: &Plan,
        so_far: &Report,
    ) -> Result<Figures, Failure> {
        let at_our_half = |of| at_our_half::run(contender, site, plan, so_far, of);
        let fan_out = |work| fan_out::run(contender, site, plan, work);
        let tables = Shape { rooms: plan.tables, members: 10, senders: 1 };
        match self {
            Self::Floor => floor::run(site, plan).await,
            Self::Hall => fan_out(Work::of(1, HALL)).await,
            Self::HallAtOurHalf => at_our_half((Self::Hall.name(), Work::of(1, HALL))).await,
            Self::Laggards => laggards::run(contender, site, plan, so_far).await,
            Self::Tables => fan_out(Work::of(1, tables)).await,
            Self::TablesAtOurHalf => at_our_half((Self::Tables.name(), Work::of(1, tables))).await,
            Self::Mixed => {
                let seats = Seats::zipf(MIXED_ROOMS, plan.mixed, MIXED_TALKING);
                fan_out(Work { guests: GUESTS, ..Work::of(1, seats) }).await
            }
            Self::Idle => idle::run(contender, site, plan).await,
            Self::Door => door::run(contender, site, plan, so_far).await,
            Self::TwoHalls => fan_out(Work::of(2, HALL)).await,
            Self::TwoTables => fan_out(Work::of(2, tables)).await,
            Self::Growth => growth::run(contender, site, plan).await,
            Self::Proxied => proxied::run(contender, site, plan).await,
            // A result for each contender.
            Self::Churn => churn::run(&[contender], site, plan).await.remove(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender;

    #[test]
    fn three_rounds_are_for_what_is_compared() {
        let rounds = |scenario: Scenario, name: &str| {
            let contender = contender::all().into_iter().find(|it| it.name() == name).unwrap();
            (1..=3).filter(|round| scenario.is_in(*round, 3, contender)).collect::<Vec<_>>()
        };
        assert_eq!(rounds(Scenario::Hall, "NATS"), [1, 2, 3]);
        assert_eq!(rounds(Scenario::Hall, "Socket.IO (Redis)"), [1]);
        assert_eq!(rounds(Scenario::TwoHalls, "Hubbub (Redis Cluster)"), [1]);
        assert_eq!(rounds(Scenario::Mixed, MEMORY), [1]);
        assert_eq!(rounds(Scenario::Churn, "Socket.IO (Redis)"), [3], "with all others");
    }
}
