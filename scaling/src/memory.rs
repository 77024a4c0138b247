//! What is remembered from one decision to the next.

use serde::{Deserialize, Serialize};

use crate::moves::Rounds;
use crate::refused::Refusals;
use crate::{Recent, RushMemory, Trend};

/// What is remembered from one decision to the next. An empty one is safe to begin with, since it takes what is there
/// for needed: nothing shrinks until a whole window was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// What was needed lately, and what the size was.
    pub(crate) recent: Recent,
    /// Where connections go, once they were seen.
    pub(crate) trend: Option<Trend>,
    /// When the last rush was.
    pub(crate) rush: RushMemory,
    /// When connections were moved last.
    pub(crate) rounds: Rounds,
    /// What servers have refused because they were full.
    pub(crate) refusals: Refusals,
    /// What servers have refused because more came at once than they let in.
    #[serde(default)]
    pub(crate) put_off: Refusals,
}
