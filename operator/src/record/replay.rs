//! `hubbub-operator replay`: makes decisions again that were written down.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use hubbub_scaling::Decision;
use thiserror::Error;

use super::Entry;
use crate::args::ReplayOptions;

/// Why a log could not be replayed to the same decisions.
#[derive(Debug, Error)]
pub enum Unlike {
    /// It can't be read, or what comes of it can't be written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It has no decision.
    #[error("there is no decision in it; a line with one begins with {}", Entry::BEGINS)]
    Empty,
    /// Something comes out differently, or can't be read.
    #[error("of {all} decisions {different} come out differently, and {unreadable} can't be read")]
    Different {
        /// The decisions there are.
        all: usize,
        /// Those that come out differently.
        different: usize,
        /// Those that can't be read, such as a line that broke off.
        unreadable: usize,
    },
}

/// Makes every decision of a log again, and writes for each whether it comes out the same. Lines that are no decisions
/// are passed over, and so is what stands before one in its line, such as the time that `kubectl logs --timestamps` adds.
///
/// # Errors
/// When one comes out differently, when a line broke off, and when there is none at all.
pub fn replay(options: &ReplayOptions, out: &mut impl Write) -> Result<(), Unlike> {
    if options.file == Path::new("-") {
        replay_lines(io::stdin().lock(), out)
    } else {
        let file = File::open(&options.file)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", options.file.display())))?;
        replay_lines(BufReader::new(file), out)
    }
}

fn replay_lines(log: impl BufRead, out: &mut impl Write) -> Result<(), Unlike> {
    let (mut all, mut different, mut unreadable) = (0, 0, 0);
    // A log may have anything in it, and need not be text.
    for (number, line) in log.split(b'\n').enumerate() {
        let line = String::from_utf8_lossy(&line?).into_owned();
        let Some(begin) = line.find(Entry::BEGINS) else { continue };
        all += 1;
        match serde_json::from_str::<Entry>(&line[begin..]) {
            Ok(entry) => {
                let again = entry.record.again();
                different += usize::from(again != entry.record.decision);
                tell(&entry, &again, out)?;
            }
            Err(error) => {
                unreadable += 1;
                writeln!(out, "line {}: can't be read: {error}", number + 1)?;
            }
        }
    }
    match (all, different, unreadable) {
        (0, _, _) => Err(Unlike::Empty),
        (all, 0, 0) => Ok(writeln!(out, "{all} decisions, all the same")?),
        _ => Err(Unlike::Different { all, different, unreadable }),
    }
}

fn tell(entry: &Entry, again: &Decision, out: &mut impl Write) -> Result<(), Unlike> {
    let Entry { decided, namespace, chat_server, record } = entry;
    let (before, decision) = (record.observation.staying(), &record.decision);
    let verdict = if again == decision { "the same" } else { "DIFFERENT" };
    writeln!(
        out,
        "{decided} {namespace}/{chat_server}: {before} to {} servers: {}: {verdict}",
        decision.replicas, decision.reason
    )?;
    if again != decision {
        let json = |decision| serde_json::to_string(decision).map_err(io::Error::from);
        writeln!(out, "  was {}\n  is  {}", json(decision)?, json(again)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hubbub_scaling::{Memory, Moment, Observation, Policy};

    use super::super::Record;
    use super::*;

    fn entry() -> Entry {
        let seen = Observation { asked: Some(2), pods: Vec::new(), rollout: false, engine_healthy: true };
        let now = Moment::from_millis(1_800_000_000_250);
        let pinned = Policy { pinned: Some(3), ..Policy::default() };
        let (record, _) = Record::make(pinned, seen, Memory::default(), now);
        let decided = "2027-01-15T08:00:00.25Z".parse().unwrap();
        Entry { decided, namespace: "talk".to_owned(), chat_server: "chat".to_owned(), record }
    }

    fn line(entry: &Entry) -> String {
        serde_json::to_string(entry).unwrap()
    }

    fn replayed(log: &str) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let result = replay_lines(log.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), result.map_err(|error| error.to_string()))
    }

    #[test]
    fn a_decision_among_other_lines_is_made_again() {
        let log =
            format!("metrics at :9091\n{{\"level\":\"INFO\"}}\n2027-01-15T08:00:00Z {}\n", line(&entry()));
        let (page, result) = replayed(&log);
        let said = "2027-01-15T08:00:00.25Z talk/chat: 2 to 3 servers: pinned to 3 servers: the same\n";
        assert_eq!((page, result), (format!("{said}1 decisions, all the same\n"), Ok(())));
    }

    #[test]
    fn a_decision_that_comes_out_differently_is_shown_both_ways() {
        let mut other = entry();
        other.record.decision.replicas = 4;
        let (page, result) = replayed(&line(&other));
        assert!(page.contains("2 to 4 servers: pinned to 3 servers: DIFFERENT\n  was {"), "{page}");
        assert!(page.contains("\n  is  {\"replicas\":3,"), "{page}");
        let said = "of 1 decisions 1 come out differently, and 0 can't be read";
        assert_eq!(result, Err(said.to_owned()));
    }

    #[test]
    fn a_line_that_broke_off_is_not_passed_over() {
        let whole = line(&entry());
        let (page, result) = replayed(&format!("{whole}\n{}", &whole[..whole.len() / 2]));
        assert!(page.contains("the same\nline 2: can't be read: "), "{page}");
        assert_eq!(result, Err("of 2 decisions 0 come out differently, and 1 can't be read".to_owned()));
    }

    #[test]
    fn a_log_without_decisions_is_a_mistake() {
        assert!(replayed("metrics at :9091\n").1.unwrap_err().starts_with("there is no decision in it"));
    }
}
