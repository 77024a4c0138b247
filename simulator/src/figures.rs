//! How good an autoscaler was, in the measures of elasticity of the SPEC Research Group.
//!
//! Herbst et al., "Ready for Rain? A View from SPEC Research on the Future of Cloud Metrics" (SPEC-RG-2016-01): the
//! servers that are needed, the servers that are there, and how much of the time and by how much they differ.

use std::iter::Sum;
use std::ops::{Add, Div};

use hubbub_scaling::{Phase, Policy, servers_for};
use std::num::NonZeroU32;

use crate::World;

/// How good an autoscaler was. Servers are needed so that none has more than the target with its tolerance, if
/// all had the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// The part of the time in which fewer servers took sessions than were needed (SPEC: timeshare).
    pub under_share: f64,
    /// The part of the needed servers that was missing, over all the time (SPEC: accuracy).
    pub under_depth: f64,
    /// The servers that were not needed as a part of those that were, over all the time.
    pub over_depth: f64,
    /// The longest time in which servers were missing, in seconds.
    pub recover: f64,
    /// Hours of servers, from the moment they are asked for until they are gone.
    pub server_hours: f64,
    /// Sessions that had to go to another server because theirs went.
    pub moved: f64,
    /// Sessions that had to go to another server because theirs had more than others.
    pub balanced: f64,
    /// The sessions of the servers that were chosen to go, over those of as many of the emptiest.
    pub choice: f64,
    /// Changes of the number of servers, in an hour.
    pub changes: f64,
    /// The most connections that any server had.
    pub worst: f64,
}

impl Figures {
    fn combine(self, other: Self, by: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            under_share: by(self.under_share, other.under_share),
            under_depth: by(self.under_depth, other.under_depth),
            over_depth: by(self.over_depth, other.over_depth),
            recover: by(self.recover, other.recover),
            server_hours: by(self.server_hours, other.server_hours),
            moved: by(self.moved, other.moved),
            balanced: by(self.balanced, other.balanced),
            choice: by(self.choice, other.choice),
            changes: by(self.changes, other.changes),
            worst: by(self.worst, other.worst),
        }
    }
}

impl Add for Figures {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combine(other, |a, b| a + b)
    }
}

impl Div<f64> for Figures {
    type Output = Self;
    fn div(self, by: f64) -> Self {
        self.combine(self, |a, _| a / by)
    }
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

/// Adds up a run second by second.
#[derive(Debug)]
pub(crate) struct Meter {
    /// What a server may have.
    edge: NonZeroU32,
    least: u32,
    seconds: u32,
    under: u32,
    spell: u32,
    longest: u32,
    missing: f64,
    idle: f64,
    server_seconds: u64,
    worst: u32,
}

impl Meter {
    pub(crate) fn new(policy: &Policy) -> Self {
        Self {
            edge: edge(policy),
            least: policy.bounds.min(),
            seconds: 0,
            under: 0,
            spell: 0,
            longest: 0,
            missing: 0.0,
            idle: 0.0,
            server_seconds: 0,
            worst: 0,
        }
    }

    pub(crate) fn second(&mut self, wanted: u32, world: &World) {
        let (needed, there) = (servers_for(wanted.into(), self.edge).max(self.least), world.serving());
        self.seconds += 1;
        self.spell = if there < needed { self.spell + 1 } else { 0 };
        self.under += u32::from(there < needed);
        self.longest = self.longest.max(self.spell);
        self.missing += f64::from(needed.saturating_sub(there)) / f64::from(needed);
        self.idle += f64::from(there.saturating_sub(needed)) / f64::from(needed);
        self.server_seconds += world.seen().pods.len() as u64;
        let pods = world.seen().pods.iter();
        let fullest = pods.filter(|pod| pod.phase == Phase::Serving).filter_map(|pod| pod.connections).max();
        self.worst = self.worst.max(fullest.unwrap_or(0));
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(crate) fn figures(&self, world: &World, changes: usize) -> Figures {
        let seconds = f64::from(self.seconds.max(1));
        Figures {
            under_share: f64::from(self.under) / seconds,
            under_depth: self.missing / seconds,
            over_depth: self.idle / seconds,
            recover: self.longest.into(),
            server_hours: self.server_seconds as f64 / 3_600.0,
            moved: world.moved() as f64,
            balanced: world.balanced() as f64,
            choice: world.choice(),
            changes: changes as f64 * 3_600.0 / seconds,
            worst: self.worst.into(),
        }
    }
}

/// The most connections that a server should have: the target with its tolerance.
pub(crate) fn edge(policy: &Policy) -> NonZeroU32 {
    let edge = f64::from(policy.target.get()) * (1.0 + policy.tolerance.get());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 1.5 times a u32, saturating"
    )]
    NonZeroU32::new(edge as u32).unwrap_or(policy.target)
}
