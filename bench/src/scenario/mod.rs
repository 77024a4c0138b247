//! The work: what is asked of each contender, and what is read off.

mod fan_out;
mod plan;

use std::collections::BTreeMap;

pub use plan::Plan;

use crate::{
    contender::Contender,
    generator::{NotOpened, Shape},
    host::{Site, Unavailable},
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

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// One room of 1,000.
    Hall,
    /// 1,000 rooms of 10.
    Tables,
    /// The hall, half of it on each of two servers.
    TwoHalls,
}

impl Scenario {
    /// In the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Hall, Self::Tables, Self::TwoHalls];

    /// What figures of it begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hall => "hall",
            Self::Tables => "tables",
            Self::TwoHalls => "twoHalls",
        }
    }

    /// Whether it is for this contender.
    pub fn is_for(self, contender: &dyn Contender) -> bool {
        match self {
            Self::Hall | Self::Tables => true,
            Self::TwoHalls => contender.scales(),
        }
    }

    /// Does the work, and reads the figures off.
    pub async fn run(
        self,
        contender: &'static dyn Contender,
        site: &Site,
        plan: &Plan,
    ) -> Result<Figures, Failure> {
        let hall = Shape { rooms: 1, members: 1_000, senders: 10 };
        let tables = Shape { rooms: 1_000, members: 10, senders: 1 };
        let (servers, shape) = match self {
            Self::Hall => (1, hall),
            Self::Tables => (1, tables),
            Self::TwoHalls => (2, hall),
        };
        let figures = fan_out::run(contender, site, plan, servers, shape).await?;
        Ok(figures.into_iter().map(|(name, value)| (format!("{}.{name}", self.name()), value)).collect())
    }
}
