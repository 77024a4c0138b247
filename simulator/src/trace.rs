//! How many clients want to be connected, second by second.

use std::io::Read;

use thiserror::Error;

/// A week: more is a mistake in the unit of time.
const MOST_SECONDS: usize = 7 * 86_400;

/// More clients than a thousand servers can have.
const MOST_CLIENTS: f64 = 10_000_000.0;

/// How many clients want to be connected, second by second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub(crate) name: String,
    pub(crate) wanted: Vec<u32>,
}

/// Why a trace can't be used.
#[derive(Debug, Error)]
pub enum InvalidTrace {
    /// Not even two points.
    #[error("the trace has no duration: it needs two rows at least, and time in seconds")]
    Empty,
    /// Longer than a week.
    #[error("the trace is longer than a week: is its time in seconds?")]
    TooLong,
    /// A row without two numbers.
    #[error("line {line}: {text:?} is not: seconds, connections")]
    Row {
        /// Where it is.
        line: u64,
        /// What is there.
        text: String,
    },
    /// Time that does not go on.
    #[error("line {line}: time has to grow from row to row")]
    Time {
        /// Where it is.
        line: u64,
    },
    /// Not CSV.
    #[error("not CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl Trace {
    /// A trace that has its clients of each second.
    ///
    /// # Errors
    /// When it has not even two seconds, or more than a week.
    pub fn new(name: impl Into<String>, wanted: Vec<u32>) -> Result<Self, InvalidTrace> {
        match wanted.len() {
            0 | 1 => Err(InvalidTrace::Empty),
            seconds if seconds > MOST_SECONDS => Err(InvalidTrace::TooLong),
            _ => Ok(Self { name: name.into(), wanted }),
        }
    }

    /// Reads rows of seconds and connections. A first row that is no numbers is a heading; time begins with the first
    /// row, wherever it is; between two rows connections change evenly.
    ///
    /// # Errors
    /// When it is not that, with the line.
    ///
    /// ```
    /// use hubbub_simulator::Trace;
    /// let trace = Trace::from_csv("day", "time,connections\n100,10\n102,20\n".as_bytes()).unwrap();
    /// assert_eq!(trace.wanted(), [10, 15, 20]);
    /// assert!(Trace::from_csv("day", "0,10\n1,many\n".as_bytes()).is_err());
    /// ```
    pub fn from_csv(name: impl Into<String>, text: impl Read) -> Result<Self, InvalidTrace> {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text);
        let mut wanted = Vec::new();
        let mut before: Option<(f64, f64)> = None;
        let mut begin = 0.0;
        for (index, row) in rows.records().enumerate() {
            let row = row?;
            let line = row.position().map_or(0, csv::Position::line);
            let Some((at, clients)) = point(&row) else {
                if index == 0 {
                    continue;
                }
                let text = row.iter().collect::<Vec<_>>().join(",");
                return Err(InvalidTrace::Row { line, text });
            };
            match before {
                None => begin = at,
                Some((earlier, _)) if at <= earlier => return Err(InvalidTrace::Time { line }),
                Some(earlier) => fill(&mut wanted, earlier, (at - begin, clients), begin)?,
            }
            before = Some((at, clients));
        }
        if let Some((_, last)) = before {
            wanted.push(whole(last));
        }
        Self::new(name, wanted)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The clients of each second.
    pub fn wanted(&self) -> &[u32] {
        &self.wanted
    }
}

fn point(row: &csv::StringRecord) -> Option<(f64, f64)> {
    let number = |index: usize| row.get(index)?.parse().ok().filter(|number: &f64| number.is_finite());
    let (at, clients) = (number(0)?, number(1)?);
    (row.len() == 2 && (0.0..=MOST_CLIENTS).contains(&clients)).then_some((at, clients))
}

/// The seconds up to a row, without its own.
fn fill(
    wanted: &mut Vec<u32>,
    earlier: (f64, f64),
    later: (f64, f64),
    begin: f64,
) -> Result<(), InvalidTrace> {
    let from = earlier.0 - begin;
    #[expect(clippy::cast_precision_loss, reason = "a week of seconds")]
    while (wanted.len() as f64) < later.0 {
        if wanted.len() >= MOST_SECONDS {
            return Err(InvalidTrace::TooLong);
        }
        let part = ((wanted.len() as f64 - from) / (later.0 - from)).clamp(0.0, 1.0);
        wanted.push(whole(earlier.1 + (later.1 - earlier.1) * part));
    }
    Ok(())
}

/// Clients are whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "kept in the range")]
pub(crate) fn whole(clients: f64) -> u32 {
    clients.round().clamp(0.0, MOST_CLIENTS) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Trace, String> {
        Trace::from_csv("t", text.as_bytes()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn rows_may_be_any_seconds_apart() {
        assert_eq!(read("0,0\n4,8\n5,3\n").unwrap().wanted(), [0, 2, 4, 6, 8, 3]);
        assert_eq!(read("# a comment\n0.5,1\n1.0,2\n2.5,5\n").unwrap().wanted(), [1, 3, 5]);
    }

    #[test]
    fn what_is_no_trace_is_refused_with_its_line() {
        for (text, says) in [
            ("", "no duration"),
            ("seconds,connections\n0,5\n", "no duration"),
            ("0,5\n9,x\n", "line 2: \"9,x\""),
            ("0,5\n9,-1\n", "line 2"),
            ("0,5\n9,NaN\n", "line 2"),
            ("0,5\n0,6\n", "line 2: time has to grow"),
            ("0,5\n1e9,6\n", "longer than a week"),
            ("0,5\n1,2,3\n", "not CSV"),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.contains(says), "{text:?}: {refusal}");
        }
    }
}
