//! Who says how many servers there should be: Hubbub's own rules, and models of others.
//!
//! A model is faithful where a decision depends on it, and kind to what it models elsewhere: it sees what there is at the
//! moment that it looks, unless its documentation says how old that is. Each says where its rules are written. All have
//! the same target and the same bounds.

mod agones;
mod clairvoyant;
mod hpa;
mod hubbub;
mod keda;
mod knative;

use std::time::Duration;

use hubbub_scaling::{Moment, Move, Observation};

pub use agones::Agones;
pub use clairvoyant::{Clairvoyant, plan};
pub(crate) use hpa::SYNC;
pub use hpa::{Hpa, Metric, replicas};
pub use hubbub::Hubbub;
pub(crate) use hubbub::OURS;
pub use keda::{Keda, average_replicas};
pub use knative::{Knative, Panic};

use crate::{Deletion, Placement};

/// Says how many servers there should be.
pub trait Autoscaler {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// How often it looks.
    fn every(&self) -> Duration;

    /// What is to be done.
    fn decide(&mut self, view: &View) -> Action;

    /// Where sessions go: to any server, unless something of its own hands them out.
    fn placement(&self) -> Placement {
        Placement::Random
    }

    /// Which servers are deleted: those that a ReplicaSet deletes, unless it has another controller.
    fn deletion(&self) -> Deletion {
        Deletion::Youngest
    }
}

/// What an autoscaler can look at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The servers.
    pub seen: &'a Observation,
    /// How many clients want to be connected, as somebody in front of the servers could count them.
    pub wanted: u32,
    /// The time.
    pub now: Moment,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// How many servers to ask for.
    pub ask: u32,
    /// Servers to empty before fewer are asked for.
    pub drain: Vec<String>,
    /// Servers that are being emptied and are needed after all.
    pub take_back: Vec<String>,
    /// Sessions that servers send to others.
    pub shed: Vec<Move>,
    /// Servers that get no sessions for now. Those that are not named get some.
    pub hold: Vec<String>,
    /// Why, in words.
    pub reason: String,
}
