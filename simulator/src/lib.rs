//! Chat-servers, clients and autoscalers in simulated time.
//!
//! A [`Trace`] says how many clients want to be connected in each second. A [`World`] has the servers that they are
//! connected to, and does what Kubernetes does with servers. An [`Autoscaler`] looks at it now and then and says how
//! many servers there should be: Hubbub's own rules, which are those of the crate `hubbub-scaling` and nothing
//! else, or a model of somebody else's. [`run`] lets time go by and measures.
//!
//! Nothing here knows Kubernetes or reads a clock. All chance comes from a seed, so that the same trace, policy and seed
//! give the same figures.
//!
//! ```
//! use hubbub_scaling::Policy;
//! use hubbub_simulator::{Scenario, Trace, autoscalers::Hubbub, run};
//!
//! // 400 clients, and 1,200 from the second minute on.
//! let trace = Trace::new("step", [vec![400; 60], vec![1_200; 240]].concat()).unwrap();
//! let scenario = Scenario { policy: Policy::default(), seed: 1, ..Scenario::default() };
//! let run = run(&trace, &mut Hubbub::new(scenario.policy.clone()), &scenario);
//! assert_eq!(run.log.len(), 1);
//! assert_eq!(run.log[0].reason, "1,200 connections need 3 servers at 500 each");
//! ```

pub mod autoscalers;
mod figures;
mod plot;
mod recorded;
mod report;
mod run;
mod scenario;
mod shapes;
mod trace;
mod world;

pub use autoscalers::{Action, Autoscaler, View};
pub use figures::Figures;
pub use plot::Unplottable;
pub use recorded::{InvalidRecording, ModelError, Recorded};
pub use report::{Page, comparison, report};
pub use run::{Change, Run, run};
pub use scenario::Scenario;
pub use shapes::Shape;
pub use trace::{InvalidTrace, Trace};
pub use world::{Deletion, Placement, World};
