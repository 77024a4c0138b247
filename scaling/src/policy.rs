//! What the owner of the chat-servers wants.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::exact::Exact;
use crate::{Behavior, Headroom, Intake, Moment, Rebalance, RushRule, Schedule, Signals};

/// What the owner of the chat-servers wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The connections that a server should have.
    pub target: NonZeroU32,
    /// What else a server should have.
    pub signals: Signals,
    /// The fewest and the most servers that the operator may choose.
    pub bounds: Bounds,
    /// How far from a target what is seen may be before the size changes.
    pub tolerance: Tolerance,
    /// The places that are kept free.
    pub headroom: Headroom,
    /// Reckon with the connections that there will be after this time, if they go on as they do; with none, with those that
    /// there are.
    pub look_ahead: Duration,
    /// Minima of certain hours, none of which goes beyond the bounds.
    pub schedules: Vec<Schedule>,
    /// When [`Self::behavior`] does not slow growth down.
    pub rush: Option<RushRule>,
    /// How fast the size may change.
    pub behavior: Behavior,
    /// How connections are moved to servers that have fewer; with none, they stay where they are.
    pub rebalance: Option<Rebalance>,
    /// What a server can take of those that go.
    pub intake: Intake,
    /// A server that is to go sends its sessions away evenly over this time.
    pub drain: Duration,
    /// A server that is to go may have connections for no longer than this; then it goes nevertheless.
    pub drain_deadline: Duration,
    /// A number of servers that somebody fixed, who then decides instead of the connections. It may lie outside
    /// the bounds.
    pub pinned: Option<u32>,
    /// Leave the number of servers as it is.
    pub paused: bool,
    /// Decide and tell, but do nothing.
    pub dry_run: bool,
}

impl Default for Policy {
    /// What the ChatServer resource has where nothing is said.
    fn default() -> Self {
        Self {
            target: NonZeroU32::MIN.saturating_add(499),
            signals: Signals::default(),
            bounds: Bounds { min: 1, max: 10 },
            tolerance: Tolerance(0.1),
            headroom: Headroom::default(),
            look_ahead: Duration::ZERO,
            schedules: Vec::new(),
            rush: None,
            behavior: Behavior::default(),
            rebalance: Some(Rebalance::default()),
            intake: Intake::default(),
            drain: Duration::from_secs(30),
            drain_deadline: Duration::from_secs(40),
            pinned: None,
            paused: false,
            dry_run: false,
        }
    }
}

impl Policy {
    /// The bounds at this time: the minimum is the highest of those that hold.
    pub fn bounds_at(&self, now: Moment) -> Bounds {
        let floors = self.schedules.iter().filter_map(|schedule| schedule.floor(now));
        let min = floors.fold(self.bounds.min, u32::max).min(self.bounds.max);
        Bounds { min, ..self.bounds }
    }
}

/// The fewest and the most servers: at least one, and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Bounds {
    min: u32,
    max: u32,
}

impl Bounds {
    /// Bounds from the fewest to the most servers.
    ///
    /// # Errors
    /// When `min` is 0 or greater than `max`.
    ///
    /// ```
    /// use hubbub_scaling::Bounds;
    /// assert!(Bounds::new(2, 5).is_ok());
    /// assert_eq!(Bounds::new(5, 2).unwrap_err().to_string(), "min 5 is greater than max 2");
    /// ```
    pub fn new(min: u32, max: u32) -> Result<Self, InvalidPolicy> {
        if min == 0 {
            return Err(InvalidPolicy::NoMinimum);
        }
        if min > max {
            return Err(InvalidPolicy::MinAboveMax { min, max });
        }
        Ok(Self { min, max })
    }

    /// The fewest servers.
    pub fn min(self) -> u32 {
        self.min
    }

    /// The most servers.
    pub fn max(self) -> u32 {
        self.max
    }

    /// The allowed number of servers that is nearest.
    pub fn clamp(self, servers: u32) -> u32 {
        servers.clamp(self.min, self.max)
    }
}

/// Bounds as they are written down.
#[derive(Serialize, Deserialize)]
struct Written {
    min: u32,
    max: u32,
}

impl TryFrom<Written> for Bounds {
    type Error = InvalidPolicy;

    fn try_from(Written { min, max }: Written) -> Result<Self, InvalidPolicy> {
        Self::new(min, max)
    }
}

impl From<Bounds> for Written {
    fn from(Bounds { min, max }: Bounds) -> Self {
        Self { min, max }
    }
}

/// A part of the target, from 0 to 0.5.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Exact", into = "Exact")]
pub struct Tolerance(f64);

impl Tolerance {
    /// `0.1` is 10 % of the target either way.
    ///
    /// # Errors
    /// When it is not a number from 0 to 0.5: with more than that a server would have twice its target, or next
    /// to nothing, before anything happens.
    pub fn new(part: f64) -> Result<Self, InvalidPolicy> {
        if (0.0..=0.5).contains(&part) { Ok(Self(part)) } else { Err(InvalidPolicy::Tolerance(part)) }
    }

    /// The part of the target.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<Exact> for Tolerance {
    type Error = InvalidPolicy;

    fn try_from(Exact(part): Exact) -> Result<Self, InvalidPolicy> {
        Self::new(part)
    }
}

impl From<Tolerance> for Exact {
    fn from(tolerance: Tolerance) -> Self {
        Self(tolerance.0)
    }
}

/// Why a policy can't be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InvalidPolicy {
    /// Automatic scaling to nothing would never see a connection again.
    #[error("min is 0, but has to be at least 1; pin the number of servers to 0 instead")]
    NoMinimum,
    /// The bounds leave nothing to choose.
    #[error("min {min} is greater than max {max}")]
    MinAboveMax {
        /// The fewest servers.
        min: u32,
        /// The most servers.
        max: u32,
    },
    /// Not a cron pattern that ever comes.
    #[error("{pattern:?} is no cron pattern such as 0 8 * * 1-5: {problem}")]
    Cron {
        /// What it is.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Not a time zone.
    #[error("{0:?} is no time zone such as Europe/Berlin")]
    TimeZone(String),
    /// Not a number from 0 to 0.5.
    #[error("tolerance {0} is not between 0 and 0.5")]
    Tolerance(f64),
}
