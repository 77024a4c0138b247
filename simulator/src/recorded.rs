//! A HorizontalPodAutoscaler that was recorded on a cluster, and how far its model is from it.
//!
//! `e2e/tests/node/real-hpa.spec.ts` records it: the connections that the HPA was told of, and the size that it asked
//! for. The model, [`Hpa`], has the same settings and nothing but the connections.

use std::fmt::{self, Display, Formatter, Write};
use std::io::Read;
use std::num::NonZeroU32;
use std::time::Duration;

use hubbub_scaling::{Behavior, Bounds, InvalidPolicy, Policy};
use thiserror::Error;

use crate::autoscalers::{Hpa, Metric, SYNC};
use crate::{InvalidTrace, Scenario, Trace, run};

/// The settings of the HPA that was recorded.
const TARGET: NonZeroU32 = NonZeroU32::new(20).unwrap();
const BOUNDS: (u32, u32) = (1, 10);
const SCALE_DOWN: Duration = Duration::from_secs(30);

/// An HPA as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    trace: Trace,
    /// The servers that it asked for, of each second.
    servers: Vec<u32>,
}

/// Why a recording can't be used.
#[derive(Debug, Error)]
pub enum InvalidRecording {
    /// A row that is no second, connections and servers.
    #[error("line {0} is not: seconds, connections, servers, a row for each second from 0 on")]
    Row(u64),
    /// No trace.
    #[error(transparent)]
    Trace(#[from] InvalidTrace),
    /// Settings that contradict each other.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// Not CSV, or it can't be read.
    #[error("not CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl Recorded {
    /// Reads a heading and rows of seconds, connections and servers, one for each second from 0 on. The first look of the HPA
    /// comes 1.5 s after the beginning, as that of its model does.
    ///
    /// # Errors
    /// When it is not that, with the line.
    pub fn from_csv(text: impl Read) -> Result<Self, InvalidRecording> {
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text);
        let (mut wanted, mut servers) = (Vec::new(), Vec::new());
        for (index, row) in rows.records().enumerate() {
            let row = row?;
            let line = row.position().map_or(0, csv::Position::line);
            let numbers: Result<Vec<u32>, _> = row.iter().map(str::parse).collect();
            let Ok([second, connections, asked]) = numbers.as_deref() else {
                return Err(InvalidRecording::Row(line));
            };
            if *second as usize != index {
                return Err(InvalidRecording::Row(line));
            }
            wanted.push(*connections);
            servers.push(*asked);
        }
        Ok(Self { trace: Trace::new("recorded", wanted)?, servers })
    }

    /// What the model does with the same connections, beside what the HPA did.
    ///
    /// # Errors
    /// Never, as long as the settings above don't contradict each other.
    pub fn compare(&self) -> Result<ModelError, InvalidRecording> {
        let mut behavior = Behavior::of_the_hpa();
        behavior.down.stabilization = SCALE_DOWN;
        let bounds = Bounds::new(BOUNDS.0, BOUNDS.1)?;
        // Its pods have nothing to do: they start and end in a moment.
        let scenario = Scenario {
            policy: Policy { target: TARGET, bounds, behavior, ..Policy::default() },
            start: (Duration::from_secs(1), Duration::from_secs(3)),
            drain: Duration::from_secs(1),
            ..Scenario::default()
        };
        let mut hpa = Hpa::behaving(Metric::Connections, &scenario.policy);
        let changes = run(&self.trace, &mut hpa, &scenario).log;
        let begin = self.servers.first().copied().unwrap_or(0);
        let model = (0..self.servers.len() as u64).map(|second| {
            let so_far = changes.iter().take_while(|change| change.at.as_secs() < second);
            so_far.last().map_or(begin, |change| change.to)
        });
        Ok(ModelError { real: self.servers.clone(), model: model.collect() })
    }
}

/// What the HPA and its model asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    real: Vec<u32>,
    model: Vec<u32>,
}

impl ModelError {
    /// The part of the time in which the model asks for another number of servers than the HPA did.
    #[expect(clippy::cast_precision_loss, reason = "some hundred seconds")]
    pub fn share(&self) -> f64 {
        let others = self.real.iter().zip(&self.model).filter(|(real, model)| real != model).count();
        others as f64 / self.real.len() as f64
    }

    /// How many servers more or fewer, on average over all the time.
    #[expect(clippy::cast_precision_loss, reason = "some hundred seconds")]
    pub fn servers(&self) -> f64 {
        let off: u32 = self.real.iter().zip(&self.model).map(|(real, model)| real.abs_diff(*model)).sum();
        f64::from(off) / self.real.len() as f64
    }

    /// Whether both end with the same size, and agree in most of the time: a look that comes late on a machine that has
    /// other work is no error of the model.
    pub fn is_small(&self) -> bool {
        self.real.last() == self.model.last() && self.share() < 0.25
    }
}

/// When, from which size and to which.
fn changes(servers: &[u32]) -> Vec<(usize, u32, u32)> {
    let pairs = servers.windows(2).enumerate();
    let changed = pairs.filter(|(_, pair)| pair[0] != pair[1]);
    changed.map(|(before, pair)| (before + 1, pair[0], pair[1])).collect()
}

impl Display for ModelError {
    /// A table in Markdown, and the error in words.
    fn fmt(&self, page: &mut Formatter) -> fmt::Result {
        let (real, model) = (changes(&self.real), changes(&self.model));
        page.write_str("| the HPA | its model | apart |\n|---|---|---|\n")?;
        let cell = |change: Option<&(usize, u32, u32)>| match change {
            Some((at, from, to)) => format!("{from} to {to} after {at} s"),
            None => String::new(),
        };
        for index in 0..real.len().max(model.len()) {
            let both = (real.get(index), model.get(index));
            let mut apart = String::new();
            if let (Some((one, _, to)), Some((other, _, same))) = both
                && to == same
            {
                #[expect(clippy::cast_precision_loss, reason = "some hundred seconds")]
                let periods = one.abs_diff(*other) as f64 / SYNC.as_secs_f64();
                write!(apart, "{periods:.1} looks")?;
            }
            writeln!(page, "| {} | {} | {apart} |", cell(both.0), cell(both.1))?;
        }
        let (share, servers) = (self.share() * 100.0, self.servers());
        let seconds = self.real.len();
        write!(
            page,
            "\nIn {share:.1} % of the {seconds} s the model asks for another number of servers, for {servers:.2} more or fewer \
             on average.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        for (text, line) in [("h\n0,1\n", 2), ("h\n0,1,1\n2,1,1\n", 3), ("h\n0,1,1\n1,x,1\n", 3)] {
            let refusal = Recorded::from_csv(text.as_bytes()).unwrap_err();
            assert!(matches!(refusal, InvalidRecording::Row(there) if there == line), "{text:?}: {refusal}");
        }
    }

    #[test]
    fn the_model_is_near_the_hpa_that_was_recorded() {
        let recorded = include_str!("../../docs/scaling/hpa.csv");
        let error = Recorded::from_csv(recorded.as_bytes()).unwrap().compare().unwrap();
        assert!(error.is_small() && error.share() < 0.1, "{error}");
    }

    #[test]
    fn the_error_is_told_in_time_and_in_servers() {
        let error = ModelError { real: vec![1, 1, 5, 5], model: vec![1, 5, 5, 5] };
        assert!(!error.is_small());
        assert_eq!((error.share(), error.servers()), (0.25, 1.0));
        let page = error.to_string();
        assert!(page.contains("| 1 to 5 after 2 s | 1 to 5 after 1 s | 0.1 looks |"), "{page}");
        let other = ModelError { real: vec![1, 1, 1, 1, 5], model: vec![1; 5] };
        assert!(!other.is_small());
        assert!(other.to_string().contains("| 1 to 5 after 4 s |  |  |"));
    }
}
