//! What each signal asks for, and in which words.

use std::num::NonZeroU32;

use crate::need::{Recommendation, recommend, servers_for};
use crate::words::{bytes, counted, grouped, listed};
use crate::{Load, Observation, Policy, Signal, Trend};

/// What one signal asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    signal: Signal,
    load: Load,
    target: NonZeroU32,
    /// How much of it there is, in words, when it is about connections.
    connections: String,
    recommendation: Recommendation,
}

impl Ask {
    /// What the signal that wants the most servers asks for. Of equals connections, then the others in their order.
    pub(crate) fn strongest(policy: &Policy, seen: &Observation, places: Places) -> Self {
        let connections = Self::new(policy, seen, Signal::Connections, places.in_all(), policy.target);
        let connections = Self { connections: places.in_words(policy), ..connections };
        policy.signals.targets().fold(connections, |strongest, (signal, target)| {
            let next = Self::new(policy, seen, signal, seen.load(signal, target), target);
            let more = next.servers(seen) > strongest.servers(seen);
            if more { next } else { strongest }
        })
    }

    fn new(policy: &Policy, seen: &Observation, signal: Signal, load: Load, target: NonZeroU32) -> Self {
        let recommendation = recommend(load, seen.staying(), target, policy.tolerance);
        Self { signal, load, target, connections: String::new(), recommendation }
    }

    /// How many servers.
    pub(crate) fn servers(&self, seen: &Observation) -> u32 {
        match self.recommendation {
            Recommendation::Grow(servers) | Recommendation::Shrink(servers) => servers,
            Recommendation::Stay => seen.staying(),
        }
    }

    /// Whether it asks for more servers.
    pub(crate) fn grows(&self) -> bool {
        matches!(self.recommendation, Recommendation::Grow(_))
    }

    /// Why so many: `1,234 connections need 3 servers at 500 each`.
    pub(crate) fn in_words(&self, policy: &Policy, seen: &Observation) -> String {
        let (amount, target) = (self.amount(seen), self.each());
        let one = self.signal == Signal::EventLoopLag || self.load.low == 1;
        let needs = |servers: u32| {
            let verb = if one { "needs" } else { "need" };
            format!("{amount} {verb} {} at {target} each", counted(servers.into(), "server"))
        };
        let staying = seen.staying();
        match self.recommendation {
            Recommendation::Grow(servers) | Recommendation::Shrink(servers) => needs(servers),
            Recommendation::Stay if servers_for(self.load.low, self.target) == staying => needs(staying),
            Recommendation::Stay => {
                let servers = counted(staying.into(), "server");
                let unseen = seen.unseen_of(self.signal);
                if unseen == 0 {
                    let verb = if self.signal == Signal::EventLoopLag { "is" } else { "are" };
                    let percent = policy.tolerance.get() * 100.0;
                    format!("{amount} on {servers} {verb} within {percent:.0} % of {target} each")
                } else {
                    let silence = if self.signal == Signal::Connections { "answer" } else { "tell" };
                    format!("{amount} on {servers}, {unseen} of which did not {silence} and count as full")
                }
            }
        }
    }

    /// How much of it there is.
    fn amount(&self, seen: &Observation) -> String {
        match self.signal {
            Signal::Connections => self.connections.clone(),
            Signal::SendQueue => format!("{} in send queues", bytes(self.load.low)),
            Signal::EventLoopLag => {
                let mean = self.load.low / u64::from(seen.staying().max(1));
                format!("a mean event-loop lag of {}", milliseconds(mean))
            }
            Signal::AcceptRate => format!("{} a second", counted(self.load.low, "new session")),
        }
    }

    /// How much of it each server should have.
    fn each(&self) -> String {
        let target = u64::from(self.target.get());
        match self.signal {
            Signal::Connections | Signal::AcceptRate => grouped(target),
            Signal::SendQueue => bytes(target),
            Signal::EventLoopLag => milliseconds(target),
        }
    }
}

/// `130 ms`, to the nearest.
fn milliseconds(micros: u64) -> String {
    format!("{} ms", grouped(micros.saturating_add(500) / 1_000))
}

/// The places that are wanted, and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// The connections that there are.
    seen: Load,
    /// Those that full servers refuse a second, as if they were connections.
    refused: u64,
    /// Those that will come.
    coming: u64,
    /// The places to keep free.
    free: u64,
}

impl Places {
    pub(crate) fn reckon(policy: &Policy, seen: Load, refused: u64, trend: Option<Trend>) -> Self {
        let trend = trend.filter(|_| !policy.look_ahead.is_zero());
        let ahead = trend.map_or(seen.low, |trend| trend.ahead(policy.look_ahead, seen.low));
        let free = policy.headroom.beside(ahead.saturating_add(refused));
        Self { seen, refused, coming: ahead - seen.low, free }
    }

    fn in_all(self) -> Load {
        let more = self.refused.saturating_add(self.coming).saturating_add(self.free);
        Load { low: self.seen.low.saturating_add(more), high: self.seen.high.saturating_add(more) }
    }

    /// `1,234 connections, 60 more within 20 s and 200 free places`.
    fn in_words(self, policy: &Policy) -> String {
        let mut parts = vec![counted(self.seen.low, "connection")];
        if self.refused > 0 {
            parts.push(format!("{} refused a second", grouped(self.refused)));
        }
        if self.coming > 0 {
            parts.push(format!("{} more within {} s", grouped(self.coming), policy.look_ahead.as_secs()));
        }
        if self.free > 0 {
            parts.push(counted(self.free, "free place"));
        }
        listed(&parts)
    }
}
