//! What a run came to: as JSON for programs, as a table for people.

use std::{collections::BTreeMap, fmt};

use hdrhistogram::Histogram;
use serde::Serialize;

/// Percentiles of a latency, in milliseconds; all 0 when nothing was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Latency {
    count: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p999: f64,
    max: f64,
}

impl Latency {
    /// From microseconds.
    #[expect(clippy::cast_precision_loss, reason = "2^52 us are 142 years")]
    pub(super) fn of(micros: &Histogram<u64>) -> Self {
        let millis = |micros: u64| micros as f64 / 1_000.0;
        let at = |quantile: f64| millis(micros.value_at_quantile(quantile));
        Self {
            count: micros.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: millis(micros.max()),
        }
    }
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) connections: usize,
    /// Connections that came into their room at some time.
    pub(super) joined: usize,
    pub(super) rooms: usize,
    /// Messages a second that were to be sent.
    pub(super) rate: f64,
    /// For how long messages were sent.
    pub(super) seconds: f64,
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    /// Sent, and never answered.
    pub(super) unacknowledged: u64,
    /// Messages of this run that came to members, each counted for each member.
    pub(super) delivered: u64,
    /// Acknowledged messages that a member should have seen and did not, each counted for each member.
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) misordered: u64,
    /// How many times a connection was lost, or moved, after it had been welcome.
    pub(super) reconnects: u64,
    /// How many of them were cut: the connection ended before there was another one.
    pub(super) cut: u64,
    /// The longest time that a member was out of its room, in milliseconds.
    pub(super) longest_gap_ms: f64,
    /// Handshakes that were answered with 503.
    pub(super) refused: u64,
    /// Everything else that went wrong, by its code.
    pub(super) errors: BTreeMap<String, u64>,
    /// In words, the first of the connections that were lost or could not be made.
    pub(super) first_failure: Option<String>,
    /// From the time a message was due until a member had it.
    pub(super) delivery_ms: Latency,
    /// From the time a message was due until its sender knew that it is stored.
    pub(super) acknowledgement_ms: Latency,
}

impl Report {
    /// What the promises rule out, in words; none when all were kept.
    pub(super) fn broken_promises(&self) -> Option<String> {
        let Self { lost, duplicated, misordered, unacknowledged, .. } = *self;
        if lost + duplicated + misordered + unacknowledged == 0 {
            return None;
        }
        Some(format!(
            "{lost} messages lost, {duplicated} duplicated, {misordered} misordered, {unacknowledged} never acknowledged"
        ))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections,
            joined,
            rooms,
            rate,
            seconds,
            sent,
            acknowledged,
            unacknowledged,
            delivered,
            ..
        } = self;
        let Self { lost, duplicated, misordered, reconnects, cut, longest_gap_ms, refused, .. } = self;
        writeln!(f, "connections     {joined} of {connections} joined, in {rooms} rooms")?;
        writeln!(
            f,
            "messages        {sent} sent in {seconds:.1} s ({rate}/s wanted), {acknowledged} acknowledged"
        )?;
        writeln!(f, "deliveries      {delivered}")?;
        writeln!(
            f,
            "broken promises {lost} lost, {duplicated} duplicated, {misordered} misordered, {unacknowledged} unacknowledged"
        )?;
        writeln!(
            f,
            "reconnects      {reconnects}, {cut} of them cut, longest gap {longest_gap_ms:.0} ms, {refused} refused"
        )?;
        if !self.errors.is_empty() {
            let errors: Vec<_> = self.errors.iter().map(|(code, count)| format!("{code} {count}")).collect();
            writeln!(f, "errors          {}", errors.join(", "))?;
        }
        if let Some(failure) = &self.first_failure {
            writeln!(f, "first failure   {failure}")?;
        }
        writeln!(f)?;
        writeln!(f, "latency, ms        p50      p90      p99    p99.9      max")?;
        for (name, latency) in [("delivery", &self.delivery_ms), ("acknowledged", &self.acknowledgement_ms)] {
            let Latency { p50, p90, p99, p999, max, .. } = latency;
            writeln!(f, "{name:<13} {p50:>8.1} {p90:>8.1} {p99:>8.1} {p999:>8.1} {max:>8.1}")?;
        }
        Ok(())
    }
}
