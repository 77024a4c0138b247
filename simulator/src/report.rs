//! What came of a trace, in words.

use std::fmt::Write;

use crate::autoscalers::{Clairvoyant, Hpa, Hubbub, Metric};
use crate::{Autoscaler, Figures, Run, Scenario, Shape, Trace, run};

/// Every autoscaler that a policy is compared with, Hubbub first and the optimum last.
fn all(trace: &Trace, scenario: &Scenario) -> Vec<Box<dyn Autoscaler>> {
    let policy = &scenario.policy;
    vec![
        Box::new(Hubbub::new(policy.clone())),
        Box::new(Hpa::new(Metric::Connections, policy.clone())),
        Box::new(Hpa::new(Metric::Cpu, policy.clone())),
        Box::new(Clairvoyant::new(trace, scenario)),
    ]
}

/// A Markdown page: what a policy does with a trace, what others would do, and each of its decisions. The figures are
/// means over as many seeds.
pub fn report(trace: &Trace, scenario: &Scenario, seeds: u64) -> String {
    let mut page = format!("# {}\n\n", trace.name());
    let seconds = trace.wanted().len();
    let most = trace.wanted().iter().max().unwrap_or(&0);
    let _ = writeln!(page, "{seconds} seconds, at most {most} connections; means of {seeds} runs.\n");
    let of_a_seed = |seed| (trace.clone(), seed);
    let results = compare((1..=seeds).map(of_a_seed), scenario);
    page += &table(&results);
    page += "\n## Decisions of the first run\n\n| second | servers | reason |\n|---|---|---|\n";
    for change in results.first().and_then(|result| result.runs.first()).into_iter().flat_map(|run| &run.log)
    {
        let second = change.at.as_secs();
        let _ = writeln!(page, "| {second} | {} to {} | {} |", change.from, change.to, change.reason);
    }
    page
}

/// Markdown: the figures of each kind of trace, each a mean over as many seeds.
pub fn comparison(scenario: &Scenario, seeds: u64) -> String {
    let of_a_shape = |shape: Shape| {
        let traces = (1..=seeds).map(|seed| (shape.trace(seed), seed));
        format!("### {}\n{}\n\n{}\n", shape.title(), shape.story(), table(&compare(traces, scenario)))
    };
    Shape::ALL.map(of_a_shape).join("\n")
}

/// What came of an autoscaler.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) mean: Figures,
    pub(crate) runs: Vec<Run>,
}

/// Every autoscaler with each of the traces and its seed.
pub(crate) fn compare(traces: impl Iterator<Item = (Trace, u64)>, scenario: &Scenario) -> Vec<Outcome> {
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

/// A row for each autoscaler.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = String::from(
        "| | short of servers | by | over by | longest | server-hours | of the optimum's | moved | of the least | \
         changes/h | fullest |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let Some(best) = outcomes.last().map(|outcome| outcome.mean) else { return table };
    for Outcome { name, mean, .. } in outcomes {
        let _ = writeln!(
            table,
            "| {name} | {:.1} % | {:.2} % | {:.1} % | {:.0} s | {:.1} | {:.2} | {:.0} | {:.2} | {:.1} | {:.0} |",
            mean.under_share * 100.0,
            mean.under_depth * 100.0,
            mean.over_depth * 100.0,
            mean.recover,
            mean.server_hours,
            mean.server_hours / best.server_hours,
            mean.moved,
            mean.choice,
            mean.changes,
            mean.worst,
        );
    }
    table
}
