//! How many chat-servers there should be, which ones leave, and which connections move.
//!
//! [`decide`] is all there is to it: a [`Policy`], what was seen ([`Observation`]), what is remembered
//! ([`Memory`]) and the time go in; a [`Decision`] and the next memory come out. There is no clock, no I/O and
//! no Kubernetes in this crate, so that a recorded trace gives the same decisions whenever it is replayed.
//!
//! All of it can be written down and read back (serde) without a difference, so that a decision can be recorded with what it was
//! made on.
//!
//! The rules are told in words in `docs/scaling.md`.
//!
//! ```
//! use hubbub_scaling::{decide, Memory, Moment, Observation, Phase, Pod, Policy};
//!
//! let pod = |name: &str, connections| Pod {
//!     name: name.to_owned(),
//!     phase: Phase::Serving,
//!     ready: true,
//!     connections: Some(connections),
//!     readings: None, // how busy it is otherwise: of no interest to this policy
//!     current_template: true,
//!     created: Moment::from_secs(0),
//! };
//! let policy = Policy::default(); // 500 connections a server, 1 to 10 servers
//! let seen = Observation {
//!     asked: Some(2),
//!     pods: vec![pod("a", 620), pod("b", 614)],
//!     rollout: false,
//!     engine_healthy: true,
//! };
//! let (decision, _memory) = decide(&policy, &seen, Memory::default(), Moment::from_secs(60));
//! assert_eq!(decision.replicas, 3);
//! assert_eq!(decision.reason, "1,234 connections need 3 servers at 500 each");
//! ```

mod ask;
mod behavior;
mod decide;
mod exact;
mod headroom;
mod intake;
mod memory;
mod moment;
mod moves;
mod need;
mod observation;
mod policy;
mod refused;
mod rush;
mod schedule;
mod signals;
mod trend;
mod victims;
mod words;

pub use behavior::{Amount, Behavior, Pace, Recent, Restraint, Rules, Select};
pub use decide::{Decision, Limit, Owner, decide};
pub use headroom::Headroom;
pub use intake::Intake;
pub use memory::Memory;
pub use moment::Moment;
pub use moves::{Move, ROUND_SECONDS, Rebalance, moves, to_hold};
pub use need::{Recommendation, recommend, servers_for};
pub use observation::{Load, Observation, Phase, Pod};
pub use policy::{Bounds, InvalidPolicy, Policy, Tolerance};
pub use refused::Refused;
pub use rush::{Rush, RushMemory, RushRule};
pub use schedule::Schedule;
pub use signals::{Readings, Signal, Signals};
pub use trend::Trend;
