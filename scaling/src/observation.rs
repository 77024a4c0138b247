//! What was seen of the servers.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{Moment, Readings, Signal};

/// What was seen of the servers, all at about the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// How many servers are asked for now, those that are being emptied included. `None` before the first time.
    pub asked: Option<u32>,
    /// The servers that there are, also those that are about to go.
    pub pods: Vec<Pod>,
    /// Servers are being replaced by ones of another template.
    pub rollout: bool,
    /// No server that answered says that the engine behind it is away.
    pub engine_healthy: bool,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Its name, which no other has.
    pub name: String,
    /// What it is doing.
    pub phase: Phase,
    /// It says that it takes sessions.
    pub ready: bool,
    /// How many connections it has. `None`: it did not answer, or with something that can't be true. A server
    /// that has not yet started is known to have 0.
    pub connections: Option<u32>,
    /// How busy it is otherwise. `None`: it did not answer, or does not say.
    pub readings: Option<Readings>,
    /// It was made from the template that is current.
    pub current_template: bool,
    /// When it was made.
    pub created: Moment,
}

/// What a server is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Takes sessions, or will when it is ready.
    Serving,
    /// Was chosen to go and is being emptied.
    Draining {
        /// Since then.
        since: Moment,
    },
    /// Is being deleted; it sends its sessions away by itself.
    Leaving,
}

/// How much of something there is, such as connections: at least `low`, and what it may be at most when servers that did
/// not answer are taken for full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// What was counted; who did not answer counts as empty. Used to grow.
    pub low: u64,
    /// With those that did not answer, or are asked for and not yet there, as full. Used to shrink.
    pub high: u64,
}

impl Observation {
    /// How much of a signal there is. That of servers that go is counted, since it comes back to the others; one that
    /// leaves and does not answer any more has none: its sessions are on their way.
    ///
    /// ```
    /// # use hubbub_scaling::{Moment, Observation, Phase, Pod, Signal};
    /// # use std::num::NonZeroU32;
    /// # let pod = |name: &str, connections| Pod {
    /// #     name: name.to_owned(), phase: Phase::Serving, ready: true, connections,
    /// #     readings: None, current_template: true, created: Moment::from_secs(0),
    /// # };
    /// let seen = Observation {
    ///     asked: Some(3),
    ///     pods: vec![pod("a", Some(400)), pod("b", None), pod("c", Some(350))],
    ///     rollout: false,
    ///     engine_healthy: true,
    /// };
    /// let load = seen.load(Signal::Connections, NonZeroU32::new(500).unwrap());
    /// assert_eq!((load.low, load.high), (750, 1250)); // b counts as 0 when growing, as 500 when shrinking
    /// ```
    pub fn load(&self, signal: Signal, target: NonZeroU32) -> Load {
        let low = self.pods.iter().filter_map(|pod| signal.of(pod)).fold(0, u64::saturating_add);
        let unknown = |pod: &&Pod| signal.of(pod).is_none() && pod.phase != Phase::Leaving;
        let unknown = self.pods.iter().filter(unknown).count() as u64;
        let full = u64::from(target.get());
        Load { low, high: low.saturating_add(full * (unknown + u64::from(self.missing()))) }
    }

    /// How many servers are left when those that are being emptied are gone.
    pub fn staying(&self) -> u32 {
        self.asked.unwrap_or(0).saturating_sub(self.emptying())
    }

    /// How many of those asked for are being emptied. More servers than asked for means that some will be
    /// deleted at any moment, and those are the ones that were emptied, or old ones that are replaced.
    pub(crate) fn emptying(&self) -> u32 {
        let surplus = self.present().saturating_sub(self.asked.unwrap_or(0));
        count(self.going()).saturating_sub(surplus)
    }

    /// The servers that are being emptied, but for those that have to be taken back.
    pub(crate) fn going(&self) -> impl Iterator<Item = &Pod> {
        let blocks = self.replaces();
        self.draining().filter(move |pod| !(blocks && pod.current_template))
    }

    /// The new servers that are being emptied while old ones are replaced. A rollout removes an old server only when
    /// the new ones are ready, and these are not: they have to be taken back.
    pub(crate) fn blocking(&self) -> impl Iterator<Item = &Pod> {
        let blocks = self.replaces();
        self.draining().filter(move |pod| blocks && pod.current_template)
    }

    /// There are old servers that are being replaced, and not just a change that nobody has looked at yet.
    fn replaces(&self) -> bool {
        self.rollout && self.pods.iter().any(|pod| pod.phase != Phase::Leaving && !pod.current_template)
    }

    /// The servers that are being emptied.
    fn draining(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| matches!(pod.phase, Phase::Draining { .. }))
    }

    /// A server sends its sessions to the others, for whatever reason. One that leaves and does not answer has sent them.
    pub(crate) fn empties(&self) -> bool {
        self.pods.iter().any(|pod| match pod.phase {
            Phase::Serving => false,
            Phase::Draining { .. } => true,
            Phase::Leaving => pod.connections.is_some_and(|connections| connections > 0),
        })
    }

    /// The servers that stay.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| pod.phase == Phase::Serving)
    }

    /// How many servers that stay there should be.
    pub(crate) fn expected(&self) -> u32 {
        count(self.serving()) + self.missing()
    }

    /// Of the servers that stay: how many don't say how much of a signal they have, or are not there yet.
    pub(crate) fn unseen_of(&self, signal: Signal) -> u32 {
        count(self.serving().filter(|pod| signal.of(pod).is_none())) + self.missing()
    }

    /// Of the servers that stay and are there: how many did not answer, and how many they are.
    pub(crate) fn silent(&self) -> (u32, u32) {
        let silent = count(self.serving().filter(|pod| pod.connections.is_none()));
        (silent, count(self.serving()))
    }

    fn missing(&self) -> u32 {
        self.asked.unwrap_or(0).saturating_sub(self.present())
    }

    fn present(&self) -> u32 {
        count(self.pods.iter().filter(|pod| pod.phase != Phase::Leaving))
    }
}

fn count<'a>(pods: impl Iterator<Item = &'a Pod>) -> u32 {
    u32::try_from(pods.count()).unwrap_or(u32::MAX)
}
