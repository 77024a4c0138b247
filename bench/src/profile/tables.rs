//! Profiles as Markdown. Pure.

use std::{collections::HashMap, fmt::Write as _};

use super::{
    layers::Layer,
    names::short,
    perf::{CALLS, Counted, Sample},
};
use crate::{
    host::Machine,
    table::{aligned, number},
};

/// How many functions of a layer are named beside it.
const NAMED: usize = 2;

/// What is less of all is not worth a name.
const SHOWN: f64 = 0.001;

/// How many functions the list of all has.
const FLAT: usize = 25;

/// What was done while samples were taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Subject {
    /// Messages were said in a room, with so many deliveries a second.
    Hall { rate: f64 },
    /// Clients came in and went.
    Door,
}

impl Subject {
    fn title(self) -> String {
        match self {
            Self::Hall { rate } => format!("a delivery at {}/s", number(rate)),
            Self::Door => "a client at the door".to_owned(),
        }
    }
}

/// What one of them cost, and where that went.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) subject: Subject,
    /// CPU time of the server for one, in microseconds.
    pub(super) micros: f64,
    pub(super) samples: Vec<Sample>,
    /// System calls for one.
    pub(super) calls: Counted,
}

/// Samples of each layer.
struct Layered<'a> {
    micros: f64,
    all: f64,
    of: HashMap<Layer, Vec<&'a Sample>>,
}

impl<'a> Layered<'a> {
    #[expect(clippy::cast_precision_loss, reason = "samples are counted in thousands")]
    fn new(profile: &'a Profile) -> Self {
        let mut of: HashMap<Layer, Vec<&Sample>> = HashMap::new();
        for sample in &profile.samples {
            of.entry(Layer::of(sample)).or_default().push(sample);
        }
        Self { micros: profile.micros, all: profile.samples.len() as f64, of }
    }

    fn part(&self, layers: &[Layer]) -> f64 {
        let samples: usize = layers.iter().filter_map(|layer| self.of.get(layer)).map(Vec::len).sum();
        part(samples, self.all)
    }

    /// Microseconds of one, and parts of a hundred.
    fn cells(&self, layers: &[Layer]) -> [String; 2] {
        let part = self.part(layers);
        [number(part * self.micros), format!("{:.1}", part * 100.0)]
    }

    /// The functions in which most of the layer's time went, in parts of a hundred of all.
    fn most(&self, layer: Layer) -> String {
        let samples = self.of.get(&layer).map(Vec::as_slice).unwrap_or_default();
        let seen = |count: &usize| part(*count, self.all) >= SHOWN;
        let functions = functions(samples.iter().copied()).into_iter().take(NAMED);
        let functions = functions.filter(|(_, count)| seen(count));
        let named = |(name, count)| format!("`{}` {:.1}", short(name), part(count, self.all) * 100.0);
        functions.map(named).collect::<Vec<_>>().join(", ")
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples are counted in thousands")]
fn part(samples: usize, all: f64) -> f64 {
    samples as f64 / all.max(1.0)
}

/// The functions that ran, and in how many of the samples; the most frequent first.
fn functions<'a>(samples: impl Iterator<Item = &'a Sample>) -> Vec<(&'a str, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for leaf in samples.filter_map(|sample| sample.0.first()) {
        *counts.entry(&leaf.function).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    counts
}

/// The tables: of deliveries at each rate, of clients, of system calls.
pub(super) fn markdown(profiles: &[Profile], day: &str, machine: &Machine) -> String {
    let (doors, halls): (Vec<_>, Vec<_>) = profiles.iter().partition(|it| it.subject == Subject::Door);
    let mut text = format!(
        "Profiled on {day}, {} ({} cores, {}, Linux {}).\n",
        machine.processor, machine.cores, machine.system, machine.kernel
    );
    for profiles in [halls, doors].iter().filter(|profiles| !profiles.is_empty()) {
        let _ = write!(text, "\n{}", layers(profiles));
    }
    let _ = write!(text, "\n{}", calls(profiles));
    text
}

/// A line for each layer in which any time went, with the functions of the first profile that took most of it.
fn layers(profiles: &[&Profile]) -> String {
    let columns: Vec<_> = profiles.iter().map(|profile| Layered::new(profile)).collect();
    let row = |title: &str, layers: &[Layer], most: String| {
        let cells = columns.iter().flat_map(|column| column.cells(layers));
        [title.to_owned()].into_iter().chain(cells).chain([most]).collect::<Vec<_>>()
    };
    let titles = profiles.iter().flat_map(|it| [format!("{}, us", it.subject.title()), "%".to_owned()]);
    let mut rows =
        vec![["layer".to_owned()].into_iter().chain(titles).chain(["most of it".to_owned()]).collect()];
    for (title, group) in [("**Linux**", Layer::KERNEL.as_slice()), ("**chat-server**", &Layer::USER)] {
        for layer in group {
            if columns.iter().any(|column| column.part(&[*layer]) > 0.0) {
                rows.push(row(layer.title(), &[*layer], columns[0].most(*layer)));
            }
        }
        rows.push(row(title, group, String::new()));
    }
    let all = [Layer::KERNEL.as_slice(), &Layer::USER].concat();
    rows.push(row("**all**", &all, String::new()));
    aligned(&rows)
}

/// How many system calls one takes.
fn calls(profiles: &[Profile]) -> String {
    let row = |title: &str, count: &dyn Fn(&Counted) -> f64| {
        let cells = profiles.iter().map(|profile| number(count(&profile.calls)));
        [title.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let titles = profiles.iter().map(|profile| profile.subject.title());
    let mut rows: Vec<Vec<_>> = vec![["system calls of".to_owned()].into_iter().chain(titles).collect()];
    for (index, calls) in CALLS.iter().enumerate() {
        rows.push(row(calls.title, &|counted| counted.of[index]));
    }
    rows.push(row("others", &|counted| (counted.all - counted.of.iter().sum::<f64>()).max(0.0)));
    rows.push(row("**all**", &|counted| counted.all));
    let shared = profiles.iter().map(|profile| match profile.subject {
        Subject::Hall { .. } => number(1.0 / profile.calls.writes()),
        Subject::Door => String::new(),
    });
    rows.push(["deliveries a write".to_owned()].into_iter().chain(shared).collect());
    aligned(&rows)
}

/// The functions that took most, with their parts of a hundred, and what no layer is known for: for whoever looks for
/// what could be less.
pub(super) fn flat(profiles: &[Profile]) -> String {
    let mut text = String::new();
    for profile in profiles {
        let all = Layered::new(profile);
        let _ = writeln!(text, "{}: {} samples", profile.subject.title(), profile.samples.len());
        let rest = [Layer::KernelRest, Layer::UserRest].map(|layer| all.of.get(&layer));
        let rest = rest.into_iter().flatten().flatten().copied();
        for (title, functions) in
            [("functions", functions(profile.samples.iter())), ("of no known layer", functions(rest))]
        {
            let _ = writeln!(text, "  {title}");
            for (name, count) in functions.into_iter().take(FLAT) {
                let _ = writeln!(text, "  {:5.1} % {name}", part(count, all.all) * 100.0);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::perf::Frame, *};

    /// A line of a table without what aligns it.
    fn plain(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn sample(function: &str, kernel: bool) -> Sample {
        let program = if kernel { "[kernel.kallsyms]" } else { "chat-server" }.to_owned();
        Sample(vec![Frame { function: function.to_owned(), program, kernel }])
    }

    fn profile(subject: Subject) -> Profile {
        let mut samples = vec![sample("tcp_sendmsg_locked", true); 6];
        samples.push(sample("nobody_knows", true));
        samples.extend(vec![sample("chat_server::session::outbox::Outbox::put", false); 3]);
        Profile {
            subject,
            micros: 20.0,
            samples,
            calls: Counted { of: [1.5, 0.5, 0.0, 0.0, 0.0, 0.0], all: 2.25 },
        }
    }

    #[test]
    fn a_layer_is_told_in_microseconds_of_one_delivery_and_in_parts_of_a_hundred() {
        let halls = [20_000.0, 500_000.0].map(|rate| profile(Subject::Hall { rate }));
        let text = layers(&halls.iter().collect::<Vec<_>>());
        let lines: Vec<_> = text.lines().map(plain).collect();
        assert_eq!(
            lines[2..],
            [
                "| TCP that sends | 12.0 | 60.0 | 12.0 | 60.0 | `tcp_sendmsg_locked` 60.0 |",
                "| other work of Linux | 2.00 | 10.0 | 2.00 | 10.0 | `nobody_knows` 10.0 |",
                "| **Linux** | 14.0 | 70.0 | 14.0 | 70.0 | |",
                "| session: queue, batch | 6.00 | 30.0 | 6.00 | 30.0 | `Outbox::put` 30.0 |",
                "| **chat-server** | 6.00 | 30.0 | 6.00 | 30.0 | |",
                "| **all** | 20.0 | 100.0 | 20.0 | 100.0 | |",
            ]
        );
    }

    #[test]
    fn doors_and_halls_have_a_table_each_and_system_calls_one_for_both() {
        let profiles = [profile(Subject::Hall { rate: 20_000.0 }), profile(Subject::Door)];
        let text = markdown(&profiles, "2026-01-31", &Machine::here());
        assert_eq!(text.matches("| **Linux**").count(), 2, "{text}");
        let system_calls = text.lines().skip_while(|line| !line.starts_with("| system calls of"));
        let lines: Vec<_> = system_calls.map(plain).collect();
        assert_eq!(lines[0], "| system calls of | a delivery at 20.0 k/s | a client at the door |");
        assert_eq!(
            lines[lines.len() - 3..],
            ["| others | 0.250 | 0.250 |", "| **all** | 2.25 | 2.25 |", "| deliveries a write | 0.667 | |"]
        );
    }

    #[test]
    fn the_list_names_functions_by_their_parts_and_those_of_no_known_layer_apart() {
        let text = flat(&[profile(Subject::Door)]);
        assert!(text.contains("10 samples\n  functions\n   60.0 % tcp_sendmsg_locked\n"), "{text}");
        assert!(text.ends_with("  of no known layer\n   10.0 % nobody_knows\n"), "{text}");
    }
}
