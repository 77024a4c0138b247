//! Decisions with all that they were made on: written to the log as they are made, and made again from it.

mod journal;
mod replay;

pub use journal::Journal;
pub use replay::{Unlike, replay};

use hubbub_scaling::{Decision, Memory, Moment, Observation, Policy, decide};
use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A decision with all that it was made on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What came out.
    pub decision: Decision,
    /// What the owner of the servers wants.
    pub policy: Policy,
    /// What was seen of them.
    pub observation: Observation,
    /// What was remembered from the decision before.
    pub memory: Memory,
    /// When.
    pub now: Moment,
}

impl Record {
    /// Decides, and keeps what it was made on. Gives the next memory as well.
    pub fn make(policy: Policy, observation: Observation, memory: Memory, now: Moment) -> (Self, Memory) {
        let (decision, next) = decide(&policy, &observation, memory.clone(), now);
        (Self { decision, policy, observation, memory, now }, next)
    }

    /// The decision that these rules make on the same.
    pub fn again(&self) -> Decision {
        decide(&self.policy, &self.observation, self.memory.clone(), self.now).0
    }

    /// Whether something else is to be done than after the last decision. Words do not count, nor what limits a size that
    /// stays: connections come and go each second.
    pub fn is_news(&self, last: Option<&Decision>) -> bool {
        let deeds =
            |decision: &Decision| Decision { reason: String::new(), limited_by: None, ..decision.clone() };
        last.is_none_or(|last| deeds(last) != deeds(&self.decision))
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When it was decided, for who reads it. [`Record::now`] is the same for who decides.
    pub decided: Timestamp,
    /// Where the ChatServer is.
    pub namespace: String,
    /// What it is called.
    pub chat_server: String,
    /// What was decided.
    #[serde(flatten)]
    pub record: Record,
}

impl Entry {
    /// What a line begins with that is one of these, as [`Self::decided`] is the first field.
    const BEGINS: &str = r#"{"decided":""#;
}
