//! What was measured, of whom and how often; as JSON it is kept, and compared. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::host::Machine;

/// One scenario with one contender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measurement {
    /// Which round of the run.
    pub round: u32,
    /// Name of the contender.
    pub contender: String,
    /// Name of the scenario.
    pub scenario: String,
    /// How long it took, servers' start included.
    #[serde(default)]
    pub seconds: f64,
    /// By the names of [`FIGURES`], and others that no table shows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The day, as 2026-01-31.
    pub day: String,
    /// Fewer and shorter trials, one round.
    pub quick: bool,
    /// What it was measured on.
    pub machine: Machine,
    /// In the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// What is still to be measured, or was to be when the run was interrupted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outstanding: Vec<String>,
}

/// The middle of several measurements, and between what they lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median: the middle one, or between the two in the middle.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// None of nothing.
    ///
    /// ```
    /// use hubbub_bench::report::Spread;
    /// let spread = Spread::of(&[3.0, 1.0, 2.5]).unwrap();
    /// assert_eq!((spread.median, spread.least, spread.greatest), (2.5, 1.0, 3.0));
    /// assert_eq!(Spread::of(&[1.0, 2.0]).unwrap().median, 1.5);
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, least, greatest })
    }
}

impl Report {
    /// What all rounds say of a figure of a contender.
    pub fn figure(&self, contender: &str, name: &str) -> Option<Spread> {
        let of_contender = self.measurements.iter().filter(|it| it.contender == contender);
        let values: Vec<f64> = of_contender.filter_map(|it| it.figures.get(name).copied()).collect();
        Spread::of(&values)
    }

    /// A figure of a contender as it was measured last.
    pub fn latest(&self, contender: &str, name: &str) -> Option<f64> {
        let mut of_contender = self.measurements.iter().rev().filter(|it| it.contender == contender);
        of_contender.find_map(|it| it.figures.get(name).copied())
    }

    /// Points of a curve: figures whose names are this one, a dot and a number, by their numbers.
    ///
    /// What a delivery costs by rooms is told in figures like `growth.cpuByRooms.100`.
    pub fn curve(&self, contender: &str, name: &str) -> Vec<(f64, f64)> {
        let of_contender = self.measurements.iter().filter(|it| it.contender == contender);
        let names: BTreeSet<&str> =
            of_contender.flat_map(|it| it.figures.keys()).map(String::as_str).collect();
        let number = |it: &str| it.strip_prefix(name)?.strip_prefix('.')?.parse::<f64>().ok();
        let points =
            names.into_iter().filter_map(|it| Some((number(it)?, self.figure(contender, it)?.median)));
        let mut points: Vec<_> = points.collect();
        points.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        points
    }

    /// Names of contenders, in the order in which they were first measured, Hubbub's first; bare sockets are none.
    pub fn contenders(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for measurement in &self.measurements {
            let name = measurement.contender.as_str();
            if name != BARE_SOCKETS && !names.contains(&name) {
                names.push(&measurement.contender);
            }
        }
        names.sort_unstable_by_key(|name| (!name.starts_with(OURS), *name));
        names
    }

    /// How long each scenario took, in all rounds and with all contenders.
    pub fn seconds(&self) -> BTreeMap<&str, f64> {
        let mut seconds = BTreeMap::new();
        for it in &self.measurements {
            *seconds.entry(it.scenario.as_str()).or_default() += it.seconds;
        }
        seconds
    }

    /// The measurements that there are not, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&Measurement, &str)> {
        self.measurements.iter().filter_map(|it| Some((it, it.failure.as_deref()?)))
    }
}

/// What the names of our own contenders begin with; all others are peers.
pub const OURS: &str = "Hubbub";

/// Hubbub as a single process, without Redis.
pub const MEMORY: &str = "Hubbub (memory)";

/// The same with one Redis.
pub const REDIS: &str = "Hubbub (Redis)";

/// What no server can cost less than: a process that does nothing but write frames to sockets.
pub const BARE_SOCKETS: &str = "bare sockets";

/// What bare sockets cost with so many frames a write, in CPU seconds for a million frames: the name within its scenario.
pub fn floor_figure(frames: u32) -> String {
    format!("cpu{frames}")
}

/// Which is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    More,
    /// Less is better.
    Less,
}

/// A figure that the table shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// In the JSON.
    pub name: &'static str,
    /// In the table, with its unit.
    pub title: &'static str,
    /// Which is better.
    pub better: Better,
    /// What the ratio of ours to that of the best peer is to be: at least, or at most.
    pub wanted: Option<f64>,
}

const fn figure(name: &'static str, title: &'static str, better: Better, wanted: Option<f64>) -> Figure {
    Figure { name, title, better, wanted }
}

/// What laggards do to the others: a ratio itself.
pub const LAGGARDS: Figure =
    figure("laggards.p99Ratio", "hall, p99 with laggards / without", Better::Less, None);

/// All that the table shows, in its order.
pub const FIGURES: &[Figure] = &[
    figure("hall.most", "hall, deliveries/s", Better::More, Some(1.1)),
    figure("hall.cpuAtMost", "hall, CPU-s/1M there", Better::Less, Some(1.0)),
    figure("hall.generatorBusyAtMost", "hall, how busy the generator was there", Better::Less, None),
    figure("hall.cpuAt20k", "hall, CPU-s/1M at 20,000/s", Better::Less, Some(0.9)),
    figure("hall.p99MsAtHalf", "hall, p99 ms at half", Better::Less, None),
    figure("hallAtOurHalf.p99Ms", "hall, p99 ms at half of our best", Better::Less, Some(1.0)),
    LAGGARDS,
    figure("tables.most", "tables, deliveries/s", Better::More, Some(1.1)),
    figure("tables.cpuAtMost", "tables, CPU-s/1M there", Better::Less, None),
    figure("tables.cpuAt20k", "tables, CPU-s/1M at 20,000/s", Better::Less, None),
    figure("tables.p99MsAtHalf", "tables, p99 ms at half", Better::Less, None),
    figure("tablesAtOurHalf.p99Ms", "tables, p99 ms at half of our best", Better::Less, Some(1.0)),
    figure("mixed.most", "mixed, deliveries/s", Better::More, None),
    figure("mixed.cpuAtMost", "mixed, CPU-s/1M there", Better::Less, None),
    figure("mixed.p99MsAtHalf", "mixed, p99 ms at half", Better::Less, None),
    figure("idle.kib", "idle, KiB a connection", Better::Less, Some(1.0)),
    figure("churn.kib", "churn, KiB a connection after a tenth of the time", Better::Less, None),
    figure("churn.kibAfter", "churn, the same at the end", Better::Less, None),
    figure("door.rate", "door, clients/s", Better::More, None),
    figure("door.cpuMicros", "door, CPU us a client", Better::Less, Some(2.0)),
    figure("door.crowdSeconds", "door, s until a crowd is in", Better::Less, None),
    figure("twoHalls.most", "hall on two servers, deliveries/s", Better::More, Some(3.0)),
    figure("twoHalls.cpuAtMost", "the same, CPU-s/1M there", Better::Less, None),
    figure("twoHalls.redisCpuAtMost", "the same, of Redis (all of its servers)", Better::Less, None),
    figure("twoTables.most", "tables on two servers, deliveries/s", Better::More, None),
    figure("twoTables.cpuAtMost", "the same, CPU-s/1M there", Better::Less, None),
    figure("twoTables.redisCpuAtMost", "the same, of Redis (all of its servers)", Better::Less, None),
    figure("proxied.sends1", "1 behind HAProxy, sends/s over WebSocket", Better::More, None),
    figure("proxied.sends2", "2 behind HAProxy, the same", Better::More, None),
    figure("proxied.sends3", "3 behind HAProxy, the same", Better::More, None),
    figure("proxied.sendsCoreBusy1", "how busy 1, Redis and HAProxy kept their core", Better::Less, None),
    figure("proxied.sendsCoreBusy3", "the same with 3", Better::Less, None),
    figure("proxied.posts1", "1 behind HAProxy, posts/s over HTTP", Better::More, None),
    figure("proxied.posts2", "2 behind HAProxy, the same", Better::More, None),
    figure("proxied.posts3", "3 behind HAProxy, the same", Better::More, None),
];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report of single figures: contender, name, value.
    pub(crate) fn report_of(figures: &[(&str, &str, f64)]) -> Report {
        let machine = Machine {
            processor: "a processor".to_owned(),
            cores: 2,
            memory_gib: 8,
            kernel: "6.1".to_owned(),
            system: "Debian".to_owned(),
            load_before: 0.1,
            load_after: 2.0,
        };
        let measurements = figures.iter().map(|(contender, name, value)| Measurement {
            round: 1,
            contender: (*contender).to_owned(),
            scenario: name.split('.').next().unwrap_or_default().to_owned(),
            seconds: 1.0,
            figures: [((*name).to_owned(), *value)].into(),
            failure: None,
        });
        let measurements = measurements.collect();
        Report { day: "2026-01-31".to_owned(), quick: false, machine, measurements, outstanding: Vec::new() }
    }

    #[test]
    fn a_curve_has_its_points_by_their_numbers_and_no_others() {
        let report = report_of(&[
            (MEMORY, "growth.cpuByRooms.100", 2.0),
            (MEMORY, "growth.cpuByRooms.20", 1.0),
            (MEMORY, "growth.cpuByRooms.20", 3.0),
            (MEMORY, "growth.cpuByRoomsToo.7", 1.0),
            (REDIS, "growth.cpuByRooms.30", 1.0),
        ]);
        assert_eq!(report.curve(MEMORY, "growth.cpuByRooms"), [(20.0, 2.0), (100.0, 2.0)]);
    }
}
