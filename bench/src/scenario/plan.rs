//! How thoroughly it is measured.

use std::time::Duration;

/// How long and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How many times everything is done, each time in another order.
    pub rounds: u32,
    /// How long a rate of the search has to hold.
    pub trial: Duration,
    /// How long the fixed rate is held.
    pub fixed: Duration,
    /// A search goes on until what held and what did not are within this factor.
    pub precision: f64,
    /// Small rooms, of ten each.
    pub tables: usize,
    /// Members of rooms of all sizes.
    pub mixed: usize,
    /// Connections that say nothing.
    pub idle: usize,
    /// Rooms of ten that the cost of a delivery is looked at with.
    pub growth_rooms: [usize; 3],
    /// Idle connections, likewise.
    pub growth_idle: [usize; 3],
    /// Bare sockets that are written to.
    pub floor: usize,
    /// Connections of each contender that come and go for a long time,
    pub churn: usize,
    /// and for how long.
    pub churning: Duration,
    /// For how long visitors come and go.
    pub visits: Duration,
    /// How many come at once.
    pub crowd: usize,
    /// Numbers of servers behind HAProxy.
    pub behind_proxy: &'static [usize],
    /// Whether there are tables on two servers, or the hall alone.
    pub two_tables: bool,
}

impl Plan {
    /// Under 4 minutes in all.
    pub fn quick() -> Self {
        Self {
            rounds: 1,
            trial: Duration::from_millis(300),
            fixed: Duration::from_millis(400),
            precision: 1.5,
            tables: 100,
            mixed: 1_000,
            idle: 1_000,
            growth_rooms: [10, 50, 100],
            growth_idle: [0, 300, 1_000],
            churn: 500,
            churning: Duration::from_secs(5),
            floor: 500,
            visits: Duration::from_millis(500),
            crowd: 500,
            behind_proxy: &[1, 3],
            two_tables: false,
        }
    }

    /// Under 20 minutes in all, of which churn has ten: so that three rounds fit, trials are hardly longer than in a quick run.
    pub fn full() -> Self {
        Self {
            rounds: 3,
            trial: Duration::from_millis(400),
            fixed: Duration::from_millis(600),
            precision: 1.2,
            tables: 1_000,
            mixed: 5_000,
            idle: 10_000,
            growth_rooms: [10, 100, 1_000],
            growth_idle: [0, 2_000, 8_000],
            churn: 1_000,
            churning: Duration::from_mins(10),
            floor: 1_000,
            crowd: 5_000,
            behind_proxy: &[1, 2, 3],
            two_tables: true,
            ..Self::quick()
        }
    }
}
