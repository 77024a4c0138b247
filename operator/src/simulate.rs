//! `hubbub-operator simulate`: reads its files, and lets `hubbub-simulator` do the rest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hubbub_scaling::Policy;
use hubbub_simulator::{InvalidTrace, Scenario, Trace, Unplottable, comparison, report};
use serde_json::Value;
use thiserror::Error;

use crate::args::SimulateOptions;
use crate::crd::{DrainSpec, ScalingSpec};
use crate::policy::policy;
use crate::validate::{Invalid, number};

/// Why nothing can be simulated.
#[derive(Debug, Error)]
pub enum Unusable {
    /// A file can't be read.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: io::Error,
    },
    /// Not a trace.
    #[error("{}: {problem}", path.display())]
    Trace {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: InvalidTrace,
    },
    /// Not the fields of `spec.scaling`.
    #[error("{}: {problem}", path.display())]
    Yaml {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// No picture.
    #[error("can't draw: {0}")]
    Picture(#[from] Unplottable),
    /// Fields of `spec.scaling` that can't be acted on.
    #[error(transparent)]
    Policy(#[from] Invalid),
}

/// The Markdown page that was asked for. Its pictures are written where they were asked for.
///
/// # Errors
/// When a file can't be read, or what is in it can't be used.
pub fn simulate(options: &SimulateOptions) -> Result<String, Unusable> {
    let spec = options.policy.as_deref().map_or_else(|| Ok(ScalingSpec::default()), read_policy)?;
    let drain = number("drain.seconds", DrainSpec::default().seconds, 1, u32::MAX)?;
    let scenario = Scenario {
        policy: Policy { paused: false, dry_run: false, ..policy(&spec, drain)? },
        drain: Duration::from_secs(drain.into()),
        ..Scenario::default()
    };
    let folder = options.plots.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let page = match &options.trace {
        Some(path) => report(&read_trace(path)?, &scenario, options.seeds, folder.as_deref())?,
        None => comparison(&scenario, options.seeds, folder.as_deref())?,
    };
    for (name, svg) in &page.pictures {
        let path = options.plots.as_deref().unwrap_or(Path::new(".")).join(name);
        fs::write(&path, svg).map_err(|problem| Unusable::File { path, problem })?;
    }
    Ok(page.markdown)
}

fn read_trace(path: &Path) -> Result<Trace, Unusable> {
    let file = fs::File::open(path).map_err(|problem| Unusable::File { path: path.to_owned(), problem })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Trace::from_csv(name, file).map_err(|problem| Unusable::Trace { path: path.to_owned(), problem })
}

fn read_policy(path: &Path) -> Result<ScalingSpec, Unusable> {
    let text =
        fs::read_to_string(path).map_err(|problem| Unusable::File { path: path.to_owned(), problem })?;
    parse_policy(&text).map_err(|problem| Unusable::Yaml { path: path.to_owned(), problem })
}

/// The API server drops fields that it does not know; here they would be mistakes that nobody sees.
fn parse_policy(text: &str) -> Result<ScalingSpec, String> {
    let spec: ScalingSpec = serde_saphyr::from_str(text).map_err(|problem| problem.to_string())?;
    let written: Value = serde_saphyr::from_str(text).map_err(|problem| problem.to_string())?;
    let understood = serde_json::to_value(&spec).map_err(|problem| problem.to_string())?;
    match unknown(&written, &understood) {
        None => Ok(spec),
        Some(field) => Err(format!("{field} is no field of spec.scaling")),
    }
}

/// A field that was written and not understood.
fn unknown(written: &Value, understood: &Value) -> Option<String> {
    match (written, understood) {
        (Value::Object(written), Value::Object(understood)) => written
            .iter()
            .filter(|(_, value)| !is_nothing(value))
            .find_map(|(key, value)| match understood.get(key) {
                None => Some(key.clone()),
                Some(known) => unknown(value, known).map(|field| format!("{key}.{field}")),
            }),
        (Value::Array(written), Value::Array(understood)) => {
            written.iter().zip(understood).find_map(|(value, known)| unknown(value, known))
        }
        _ => None,
    }
}

/// What stands for a field that is not there.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_and_a_policy_give_a_report_with_each_decision_and_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            Some(folder.path().join(name))
        };
        let trace = file("evening.csv", "seconds,connections\n0,100\n59,100\n60,350\n300,350\n");
        let policy = file("policy.yaml", "targetConnections: 100\n");
        let plots = Some(folder.path().to_owned());
        let page = simulate(&SimulateOptions { trace, policy, plots, seeds: 1 }).unwrap();
        let picture = fs::read_to_string(folder.path().join("evening.svg")).unwrap();
        assert!(page.starts_with("# evening\n\n301 seconds, at most 350 connections"), "{page}");
        assert!(picture.starts_with("<svg ") && picture.contains("Knative KPA"), "{picture}");
        assert!(page.contains("| 1 to 4 | 350 connections need 4 servers at 100 each |"), "{page}");
    }

    #[test]
    fn a_policy_is_what_a_chat_server_has_under_scaling() {
        let spec = parse_policy("targetConnections: 200\nbehavior:\n  scaleDown: {policies: []}\n").unwrap();
        assert_eq!((spec.target_connections, spec.max), (200, 10));
        assert_eq!(parse_policy("{}").unwrap(), ScalingSpec::default());
    }

    #[test]
    fn a_field_that_does_not_exist_is_a_mistake() {
        for (text, field) in [
            ("target: 3", "target"),
            ("min: 1\nbehavior: {scaleup: {}}", "behavior.scaleup"),
            (
                "behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 9, per: 1}]}}",
                "behavior.scaleUp.policies.per",
            ),
        ] {
            assert_eq!(parse_policy(text).unwrap_err(), format!("{field} is no field of spec.scaling"));
        }
    }
}
