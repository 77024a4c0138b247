//! The report as Markdown: who did how much, and how ours compares with the best of the peers. Pure.

use std::fmt::Write as _;

use crate::{
    plots,
    report::{
        BARE_SOCKETS, Better, FIGURES, Figure, LAGGARDS, MEMORY, OURS, REDIS, Report, Spread, floor_figure,
    },
};

/// The tables of a report: all figures of all contenders, the ratios, and what could not be measured.
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    let _ = writeln!(
        text,
        "Measured on {}, {} ({} cores, {} GiB, {}, Linux {}), {}. Servers and Redis had one core, the generator the \
         other. {} processes wanted a core when the run began: above 0.5 there was other work, and figures of one run \
         compare better with each other than with those of another.\n",
        report.day,
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.kernel,
        if report.quick {
            "one short round (`make bench-quick`)"
        } else {
            "medians of three rounds with the range, where there is one, in brackets; one round of what hardly differs or is \
             far from being compared (`make bench`)"
        },
        machine.load_before
    );
    text += &all(report);
    text.push('\n');
    text += &ratios(report);
    for table in [floor(report), growth(report), pictures(report)].iter().filter(|it| !it.is_empty()) {
        text.push('\n');
        text += table;
    }
    let failures: Vec<_> = report.failures().collect();
    if !failures.is_empty() {
        text.push('\n');
    }
    for (measurement, why) in failures {
        let _ =
            writeln!(text, "- **{}, {}: not measured.** {why}", measurement.contender, measurement.scenario);
    }
    if !report.outstanding.is_empty() {
        let _ = writeln!(
            text,
            "\n**The run was interrupted.** Not measured were {}.",
            report.outstanding.join("; ")
        );
    }
    text
}

/// Contenders are columns, since there are more figures than contenders.
fn all(report: &Report) -> String {
    let contenders = report.contenders();
    let mut rows =
        vec![[vec!["figure".to_owned()], contenders.iter().map(ToString::to_string).collect()].concat()];
    for figure in FIGURES {
        let cells: Vec<_> = contenders.iter().map(|name| cell(report, name, figure)).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push([vec![figure.title.to_owned()], cells].concat());
        }
    }
    aligned(&rows)
}

fn cell(report: &Report, contender: &str, figure: &Figure) -> String {
    let scenario = figure.name.split('.').next().unwrap_or_default();
    let failed = report
        .measurements
        .iter()
        .any(|it| it.contender == contender && it.scenario == scenario && it.failure.is_some());
    match report.figure(contender, figure.name) {
        Some(spread) => shown(spread),
        None if failed => "FAILED".to_owned(),
        None => String::new(),
    }
}

fn ratios(report: &Report) -> String {
    let mut rows: Vec<Vec<String>> =
        vec![["figure", "ours", "best peer", "ratio", "wanted", ""].map(ToOwned::to_owned).into()];
    for figure in FIGURES {
        let (Some(wanted), Some(ours), Some(peer)) =
            (figure.wanted, best(report, figure, true), best(report, figure, false))
        else {
            continue;
        };
        let ratio = ours.1 / peer.1;
        let (sign, reached) = match figure.better {
            Better::More => (">=", ratio >= wanted),
            Better::Less => ("<=", ratio <= wanted),
        };
        rows.push(vec![
            figure.title.to_owned(),
            format!("{} {}", ours.0, number(ours.1)),
            format!("{} {}", peer.0, number(peer.1)),
            number(ratio),
            format!("{sign} {wanted}"),
            verdict(reached).to_owned(),
        ]);
    }
    for (name, ratio) in medians(report, &LAGGARDS, true) {
        rows.push(vec![
            LAGGARDS.title.to_owned(),
            format!("{name}, with"),
            "the same, without".to_owned(),
            number(ratio),
            format!("<= {SLOWED_BY_LAGGARDS}"),
            verdict(ratio <= SLOWED_BY_LAGGARDS).to_owned(),
        ]);
    }
    aligned(&rows)
}

/// How many times as long others may wait when there are laggards.
const SLOWED_BY_LAGGARDS: f64 = 1.2;

/// How many times the floor a delivery may cost.
const OVER_THE_FLOOR: f64 = 1.5;

/// What bare sockets cost, and what ours costs beside that; empty when it was not measured.
fn floor(report: &Report) -> String {
    let mut rows: Vec<Vec<String>> = vec![
        ["bare sockets, CPU-s/1M frames", "", "Hubbub's hall", "ratio", "wanted", ""]
            .map(ToOwned::to_owned)
            .into(),
    ];
    let written = [
        (1, "1 a write(2), 20,000/s", Some("hall.cpuAt20k")),
        (8, "8 a write(2)", None),
        (32, "32 a write(2)", Some("hall.cpuAtMost")),
        (128, "128 a write(2)", None),
    ];
    for (frames, title, beside) in written {
        let name = format!("floor.{}", floor_figure(frames));
        let Some(bare) = report.figure(BARE_SOCKETS, &name) else { continue };
        let beside = FIGURES.iter().find(|figure| Some(figure.name) == beside);
        let ours = beside.and_then(|figure| best(report, figure, true).map(|best| (figure, best)));
        let cells = ours.map_or_else(Default::default, |(figure, (name, ours))| {
            let ratio = ours / bare.median;
            [
                format!("{}: {name} {}", figure.title, number(ours)),
                number(ratio),
                format!("<= {OVER_THE_FLOOR}"),
                verdict(ratio <= OVER_THE_FLOOR).to_owned(),
            ]
        });
        rows.push([vec![title.to_owned(), shown(bare)], cells.into()].concat());
    }
    if rows.len() > 1 { aligned(&rows) } else { String::new() }
}

/// Curves of one figure, and what its numbers are of.
const GROWTH: [(&str, &str, &str); 9] = [
    (MEMORY, "growth.cpuByRooms", "CPU-s/1M by rooms of 10"),
    (MEMORY, "growth.cpuByIdle", "by idle connections beside"),
    (MEMORY, "growth.cpuByMembers", "by members of one room"),
    (REDIS, "growth.cpuByServers", "by servers of one room of 200, without Redis"),
    (REDIS, "growth.redisMicrosByServers", "Redis there: CPU us a message"),
    (REDIS, "growth.redisPublishesByServers", "publishes a message"),
    (REDIS, "growth.redisCommandsByServers", "commands a message, those of scripts too"),
    (REDIS, "growth.redisBytesInByServers", "bytes in a message"),
    (REDIS, "growth.redisBytesOutByServers", "bytes out a message"),
];

/// Values beside what they were measured with, at 20,000 deliveries a second; empty when there are none.
fn growth(report: &Report) -> String {
    let curves = GROWTH.map(|(contender, name, title)| (title, report.curve(contender, name)));
    let most = curves.iter().map(|(_, points)| points.len()).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let mut rows = vec![vec![String::new(); most + 1]];
    "Hubbub at 20,000 deliveries/s".clone_into(&mut rows[0][0]);
    for (title, points) in curves.into_iter().filter(|(_, points)| !points.is_empty()) {
        let mut row = vec![title.to_owned()];
        row.extend(points.into_iter().map(|(x, y)| format!("{x}: {}", number(y))));
        row.resize(most + 1, String::new());
        rows.push(row);
    }
    aligned(&rows)
}

/// Plots beside the document that the tables are written into; empty when there are none.
fn pictures(report: &Report) -> String {
    let pictures = plots::pictures(report).unwrap_or_default();
    pictures.iter().fold(String::new(), |mut text, it| {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}![{}](performance/{}.svg)", it.title, it.name);
        text
    })
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "not yet" }
}

/// The medians of each of ours, or of each peer.
fn medians<'a>(report: &'a Report, figure: &Figure, ours: bool) -> impl Iterator<Item = (&'a str, f64)> {
    let names = report.contenders().into_iter().filter(move |name| name.starts_with(OURS) == ours);
    names.filter_map(|name| Some((name, report.figure(name, figure.name)?.median)))
}

/// The best of ours, or of the peers: its name and its median.
fn best<'a>(report: &'a Report, figure: &Figure, ours: bool) -> Option<(&'a str, f64)> {
    let medians = medians(report, figure, ours);
    match figure.better {
        Better::More => medians.max_by(|one, other| one.1.total_cmp(&other.1)),
        Better::Less => medians.min_by(|one, other| one.1.total_cmp(&other.1)),
    }
}

fn shown(Spread { median, least, greatest }: Spread) -> String {
    let (low, high) = (number(least), number(greatest));
    if low == high { number(median) } else { format!("{} ({low}-{high})", number(median)) }
}

/// Three digits, and a letter for thousands and millions.
///
/// ```
/// use hubbub_bench::table::number;
/// assert_eq!([2_993_000.0, 431_200.0, 8.52, 0.317, 0.0].map(number), ["2.99 M", "431 k", "8.52", "0.317", "0"]);
/// ```
pub fn number(value: f64) -> String {
    let (value, letter) = match value.abs() {
        size if size >= 999_500.0 => (value / 1e6, " M"),
        size if size >= 9_995.0 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match value.abs() {
        0.0 => 0,
        size if size < 0.9995 => 3,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}{letter}")
}

/// A table in Markdown that reads well as it is.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let lines: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", lines.join(" | "));
        }
    }
    text
}

/// A document with other text between its marks of this name; none when it has no such marks.
///
/// ```
/// use hubbub_bench::table::between_marks;
/// let text = "a\n<!-- measured -->\nold\n<!-- end -->\nb\n";
/// assert_eq!(between_marks(text, "measured", "new\n").unwrap(), "a\n<!-- measured -->\n\nnew\n\n<!-- end -->\nb\n");
/// ```
pub fn between_marks(document: &str, name: &str, text: &str) -> Option<String> {
    let mark = format!("<!-- {name} -->\n");
    let (before, rest) = document.split_once(&mark)?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}{mark}\n{text}\n<!-- end -->{after}"))
}

/// What one report has beside another: medians, and the second in parts of the first.
pub fn compare(old: &Report, new: &Report) -> String {
    let mut rows: Vec<Vec<String>> =
        vec![["figure", "contender", "old", "new", "new / old"].map(ToOwned::to_owned).into()];
    for figure in FIGURES {
        for contender in new.contenders() {
            let (Some(before), Some(after)) =
                (old.figure(contender, figure.name), new.figure(contender, figure.name))
            else {
                continue;
            };
            let ratio = number(after.median / before.median);
            rows.push(vec![
                figure.title.to_owned(),
                contender.to_owned(),
                shown(before),
                shown(after),
                ratio,
            ]);
        }
    }
    aligned(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Measurement, tests::report_of};

    fn measurement(contender: &str, round: u32, most: f64) -> Measurement {
        Measurement {
            round,
            contender: contender.to_owned(),
            scenario: "hall".to_owned(),
            seconds: 1.0,
            figures: [("hall.most".to_owned(), most)].into(),
            failure: None,
        }
    }

    fn report(measurements: Vec<Measurement>) -> Report {
        Report { measurements, ..report_of(&[]) }
    }

    #[test]
    fn ours_is_compared_with_the_best_of_the_peers_by_medians() {
        let report = report(vec![
            measurement("NATS", 1, 1_000_000.0),
            measurement("Hubbub (memory)", 1, 2_000_000.0),
            measurement("Hubbub (memory)", 2, 4_000_000.0),
            measurement("Hubbub (memory)", 3, 2_200_000.0),
            measurement("Nchan", 1, 400_000.0),
        ]);
        let text = markdown(&report);
        assert!(
            text.contains("| Hubbub (memory) 2.20 M | NATS 1.00 M | 2.20  | >= 1.1 | reached |"),
            "{text}"
        );
        assert!(text.contains("| 2.20 M (2.00 M-4.00 M) | 1.00 M | 400 k |"), "{text}");
    }

    #[test]
    fn each_of_ours_is_compared_with_itself_without_laggards() {
        let text = markdown(&report_of(&[
            (MEMORY, LAGGARDS.name, 1.06),
            (REDIS, LAGGARDS.name, 1.73),
            ("NATS", LAGGARDS.name, 1.0),
        ]));
        let row = |name, ratio, verdict| {
            format!("| {name}, with | the same, without | {ratio}  | <= 1.2 | {verdict} |")
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for (name, ratio, verdict) in [(MEMORY, 1.06, "reached"), (REDIS, 1.73, "not yet")] {
            let row = row(name, ratio, verdict).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(&row), "{row} in {text}");
        }
    }

    #[test]
    fn what_could_not_be_measured_is_told_with_its_reason() {
        let mut broken = measurement("NATS", 1, 0.0);
        broken.figures.clear();
        broken.failure = Some("nats-server can't be started".to_owned());
        let text = markdown(&report(vec![measurement("Hubbub (memory)", 1, 1.0), broken]));
        assert!(text.contains("- **NATS, hall: not measured.** nats-server can't be started"), "{text}");
        assert!(text.contains("FAILED"), "{text}");
    }

    #[test]
    fn what_an_interrupted_run_did_not_come_to_is_told() {
        let mut report = report(vec![measurement("Hubbub (memory)", 1, 1.0)]);
        assert!(!markdown(&report).contains("interrupted"));
        report.outstanding = vec!["hall of NATS in round 1".to_owned()];
        assert!(
            markdown(&report).contains("Not measured were hall of NATS in round 1."),
            "{}",
            markdown(&report)
        );
    }

    #[test]
    fn ours_is_compared_with_bare_sockets_which_are_no_contender() {
        let mut ours = measurement("Hubbub (memory)", 1, 1.0);
        ours.figures.insert("hall.cpuAt20k".to_owned(), 9.0);
        let mut bare = measurement(BARE_SOCKETS, 1, 1.0);
        bare.figures = [("floor.cpu1".to_owned(), 5.0), ("floor.cpu8".to_owned(), 0.8)].into();
        let report = report(vec![ours, bare]);
        assert_eq!(report.contenders(), ["Hubbub (memory)"]);
        let text = floor(&report);
        assert!(text.contains("Hubbub (memory) 9.00 | 1.80  | <= 1.5 | not yet"), "{text}");
        assert!(text.contains("| 8 a write(2)"), "{text}");
    }

    #[test]
    fn what_grows_is_told_by_its_numbers() {
        let mut ours = measurement(MEMORY, 1, 1.0);
        ours.figures.insert("growth.cpuByRooms.100".to_owned(), 9.0);
        ours.figures.insert("growth.cpuByRooms.20".to_owned(), 8.0);
        let text = growth(&report(vec![ours]));
        assert!(text.contains("| CPU-s/1M by rooms of 10       | 20: 8.00 | 100: 9.00 |"), "{text}");
    }

    #[test]
    fn a_change_is_told_as_a_ratio() {
        let [old, new] = [1_000.0, 1_500.0].map(|most| report(vec![measurement("NATS", 1, most)]));
        assert!(compare(&old, &new).contains("1.50"), "{}", compare(&old, &new));
    }
}
