//! What came of traces, in words and pictures.

use std::fmt::Write;

use hubbub_scaling::servers_for;

use crate::autoscalers::{Agones, Clairvoyant, Hpa, Hubbub, Keda, Knative, Metric, OURS};
use crate::figures::edge;
use crate::plot::{Line, servers_over_time};
use crate::{Autoscaler, Figures, Run, Scenario, Shape, Trace, Unplottable, run};

/// Those whose lines are in the pictures, beside what is needed.
const PICTURED: [&str; 3] = [OURS, HPA, "Knative KPA"];

/// The autoscaler whose moved sessions are the measure for others.
const HPA: &str = "HPA, connections";

/// A Markdown page and its pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page.
    pub markdown: String,
    /// The pictures: what a file is to be called, and the SVG in it.
    pub pictures: Vec<(String, String)>,
}

/// Every autoscaler that a policy is compared with: Hubbub with it and with the defaults first, the optimum last.
fn all(trace: &Trace, scenario: &Scenario) -> Vec<Box<dyn Autoscaler>> {
    let policy = || scenario.policy.clone();
    vec![
        Box::new(Hubbub::new(policy())),
        Box::new(Hubbub::with_defaults(&scenario.policy)),
        Box::new(Hpa::new(Metric::Connections, &scenario.policy)),
        Box::new(Hpa::new(Metric::Cpu, &scenario.policy)),
        Box::new(Keda::new(&scenario.policy)),
        Box::new(Knative::new(policy())),
        Box::new(Agones::new(policy())),
        Box::new(Clairvoyant::new(trace, scenario)),
    ]
}

/// What a policy does with a trace, what others would do, and each of its decisions in the first run. The figures are
/// means over as many seeds. `pictures` says where the page will find its pictures; without it there are none.
///
/// # Errors
/// When there is no way to draw the pictures.
pub fn report(
    trace: &Trace,
    scenario: &Scenario,
    seeds: u64,
    pictures: Option<&str>,
) -> Result<Page, Unplottable> {
    let (seconds, most) = (trace.wanted().len(), trace.wanted().iter().max().unwrap_or(&0));
    let mut markdown = format!(
        "# {}\n\n{seconds} seconds, at most {most} connections; means of {seeds} runs.\n\n",
        trace.name()
    );
    let outcomes = compare((1..=seeds).map(|seed| (trace.clone(), seed)), scenario);
    markdown += &table(&outcomes);
    let drawn = picture(trace, &outcomes, scenario, pictures, &mut markdown)?;
    markdown += "\n## Decisions of the first run\n\n| second | servers | reason |\n|---|---|---|\n";
    let first = outcomes.first().and_then(|outcome| outcome.runs.first());
    for change in first.into_iter().flat_map(|run| &run.log) {
        let second = change.at.as_secs();
        let _ = writeln!(markdown, "| {second} | {} to {} | {} |", change.from, change.to, change.reason);
    }
    Ok(Page { markdown, pictures: drawn.into_iter().collect() })
}

/// The figures of each kind of trace, each a mean over as many seeds, and how far Hubbub is from its aim.
///
/// # Errors
/// When there is no way to draw the pictures.
pub fn comparison(scenario: &Scenario, seeds: u64, pictures: Option<&str>) -> Result<Page, Unplottable> {
    let mut aims = String::from(
        "| | no worse than any other in both | server-hours of the optimum's | moved, of the HPA's |\n|---|---|---|---|\n",
    );
    let (mut details, mut drawn) = (String::new(), Vec::new());
    for shape in Shape::ALL {
        let outcomes = compare((1..=seeds).map(|seed| (shape.trace(seed), seed)), scenario);
        let _ = write!(details, "\n### {}\n{}\n\n{}", shape.title(), shape.story(), table(&outcomes));
        drawn.extend(picture(&shape.trace(1), &outcomes, scenario, pictures, &mut details)?);
        let _ = writeln!(aims, "| {} | {} |", shape.title(), aim(&outcomes));
    }
    Ok(Page { markdown: aims + &details, pictures: drawn })
}

/// A picture of the first runs, and the line of the page that shows it.
fn picture(
    trace: &Trace,
    outcomes: &[Outcome],
    scenario: &Scenario,
    pictures: Option<&str>,
    page: &mut String,
) -> Result<Option<(String, String)>, Unplottable> {
    let Some(folder) = pictures else { return Ok(None) };
    let policy = &scenario.policy;
    let needed = |wanted: &u32| policy.bounds.clamp(servers_for((*wanted).into(), edge(policy)));
    let needed: Vec<u32> = trace.wanted().iter().map(needed).collect();
    let mut lines = vec![Line { name: "needed", servers: &needed }];
    for outcome in outcomes.iter().filter(|outcome| PICTURED.contains(&outcome.name)) {
        let first = outcome.runs.first().map(|run| run.serving.as_slice());
        lines.push(Line { name: outcome.name, servers: first.unwrap_or_default() });
    }
    let file = format!("{}.svg", trace.name().to_lowercase().replace(' ', "-"));
    let _ = writeln!(page, "\n![Servers over time: {}]({folder}/{file})", trace.name());
    Ok(Some((file, servers_over_time(&lines)?)))
}

/// What came of an autoscaler.
struct Outcome {
    name: &'static str,
    mean: Figures,
    runs: Vec<Run>,
}

/// Every autoscaler with each of the traces and its seed.
fn compare(traces: impl Iterator<Item = (Trace, u64)>, scenario: &Scenario) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (trace, seed) in traces {
        let scenario = Scenario { seed, ..scenario.clone() };
        for (index, mut autoscaler) in all(&trace, &scenario).into_iter().enumerate() {
            let run = run(&trace, autoscaler.as_mut(), &scenario);
            if index == outcomes.len() {
                let (name, mean) = (autoscaler.name(), Figures::default());
                outcomes.push(Outcome { name, mean, runs: Vec::new() });
            }
            outcomes[index].runs.push(run);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    for outcome in &mut outcomes {
        let sum: Figures = outcome.runs.iter().map(|run| run.figures).sum();
        outcome.mean = sum / outcome.runs.len().max(1) as f64;
    }
    outcomes
}

/// How far Hubbub is from its aim: nobody is as good in the time without enough servers and in server-hours, and better in
/// one; at most 1.15 of the optimum's server-hours. And how many sessions it moves of those that the HPA moves.
fn aim(outcomes: &[Outcome]) -> String {
    let [ours, _, others @ .., best] = outcomes else { return String::new() };
    let better: Vec<&str> =
        others.iter().filter(|other| dominates(&other.mean, &ours.mean)).map(|other| other.name).collect();
    let front = if better.is_empty() { "yes".to_owned() } else { format!("no: {}", better.join(", ")) };
    let hours = format!("{:.2}", ours.mean.server_hours / best.mean.server_hours);
    let within = if hours.as_str() <= "1.15" { "" } else { ", more than 1.15" };
    let theirs = others.iter().find(|other| other.name == HPA).map_or(0.0, |hpa| hpa.mean.moved);
    let moved = match ours.mean.moved {
        0.0 => "none".to_owned(),
        moved if theirs == 0.0 => format!("{moved:.0}, of none"),
        moved => format!("{:.2}", moved / theirs),
    };
    format!("{front} | {hours}{within} | {moved}")
}

fn dominates(other: &Figures, ours: &Figures) -> bool {
    let as_good = other.under_share <= ours.under_share && other.server_hours <= ours.server_hours;
    as_good && (other.under_share < ours.under_share || other.server_hours < ours.server_hours)
}

/// A row for each autoscaler.
fn table(outcomes: &[Outcome]) -> String {
    let mut table = String::from(
        "| | short of servers | by | over by | longest | server-hours | of the optimum's | moved | of the least | \
         balanced | changes/h | fullest |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let Some(best) = outcomes.last().map(|outcome| outcome.mean) else { return table };
    for Outcome { name, mean, .. } in outcomes {
        let _ = writeln!(
            table,
            "| {name} | {:.1} % | {:.2} % | {:.1} % | {:.0} s | {:.1} | {:.2} | {:.0} | {:.2} | {:.0} | {:.1} | {:.0} |",
            mean.under_share * 100.0,
            mean.under_depth * 100.0,
            mean.over_depth * 100.0,
            mean.recover,
            mean.server_hours,
            mean.server_hours / best.server_hours,
            mean.moved,
            mean.choice,
            mean.balanced,
            mean.changes,
            mean.worst,
        );
    }
    table
}
