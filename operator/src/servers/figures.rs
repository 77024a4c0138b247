//! What a server says of itself, read from its metrics. No client: the text may be anything.

use hubbub_protocol::metrics::{CONNECTIONS, DRAIN_STATE, DrainState, ENGINE_UP};
use thiserror::Error;

/// More connections than a server can have: each takes a file, and far fewer than this can be open.
const MOST_CONNECTIONS: u32 = 1_000_000;

/// What the operator uses of a server's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Sessions that are open.
    pub connections: u32,
    /// Whether the engine answers it; `None` when it does not say.
    pub engine_up: Option<bool>,
    /// Whether it takes sessions; `None` when it does not say.
    pub drain: Option<DrainState>,
}

/// Why an answer can't be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Unusable {
    /// The number of connections is not there.
    #[error("{CONNECTIONS} is missing")]
    Missing,
    /// It is there more than once, and who knows which one is true.
    #[error("{CONNECTIONS} is there twice")]
    Twice,
    /// It can't be a number of connections.
    #[error("{CONNECTIONS} is {0}")]
    Absurd(String),
}

impl Figures {
    /// Reads Prometheus' text format. Only three gauges without labels are of interest; all else is passed over.
    ///
    /// # Errors
    /// When the number of connections is missing or can't be true.
    ///
    /// ```
    /// use hubbub_operator::servers::Figures;
    /// let text = "# TYPE hubbub_connections gauge\nhubbub_connections 412\nhubbub_engine_up 1\n";
    /// let figures = Figures::parse(text).unwrap();
    /// assert_eq!((figures.connections, figures.engine_up, figures.drain), (412, Some(true), None));
    /// assert!(Figures::parse("hubbub_connections NaN").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let mut values = values(text, CONNECTIONS);
        let value = values.next().ok_or(Unusable::Missing)?;
        if values.next().is_some() {
            return Err(Unusable::Twice);
        }
        Ok(Self {
            connections: connections(value)?,
            engine_up: number(text, ENGINE_UP).map(|value| value != 0.0),
            drain: number(text, DRAIN_STATE).and_then(drain_state),
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
fn connections(value: &str) -> Result<u32, Unusable> {
    let absurd = || Unusable::Absurd(value.chars().take(32).collect());
    let number: f64 = value.parse().map_err(|_| absurd())?;
    // NaN is in no range.
    let possible = (0.0..=f64::from(MOST_CONNECTIONS)).contains(&number) && number.fract() == 0.0;
    if possible { Ok(number as u32) } else { Err(absurd()) }
}

#[expect(clippy::float_cmp, reason = "small whole numbers are exact")]
fn drain_state(value: f64) -> Option<DrainState> {
    [DrainState::Serving, DrainState::Draining, DrainState::Drained]
        .into_iter()
        .find(|state| f64::from(*state as u8) == value)
}

/// The number of a gauge without labels, when there is exactly one.
fn number(text: &str, name: &'static str) -> Option<f64> {
    let mut values = values(text, name);
    let value = values.next()?.parse().ok()?;
    values.next().is_none().then_some(value)
}

/// The values of all samples of this name without labels.
fn values<'a>(text: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let rest = line.trim_start().strip_prefix(name)?;
        // `hubbub_connections_total 1` begins like it too.
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
        rest.split_ascii_whitespace().next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Unusable {
        Figures::parse(text).unwrap_err()
    }

    #[test]
    fn all_three_gauges_are_read_among_others() {
        let text = "# HELP hubbub_connections Sessions.\n# TYPE hubbub_connections gauge\nhubbub_connections 7\n\
            hubbub_closed_total{code=\"4000\"} 3\nhubbub_drain_state 1\nhubbub_engine_up 0\n";
        let expected = Figures { connections: 7, engine_up: Some(false), drain: Some(DrainState::Draining) };
        assert_eq!(Figures::parse(text), Ok(expected));
    }

    #[test]
    fn values_as_go_and_rust_write_them_are_understood() {
        for text in [
            "hubbub_connections 1200",
            "hubbub_connections\t1.2e3 1700000000000",
            "hubbub_connections 1200.0",
        ] {
            assert_eq!(Figures::parse(text).unwrap().connections, 1_200, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_a_number_of_connections_is_refused() {
        for value in ["-1", "NaN", "+Inf", "-Inf", "1e300", "1000001", "0.5", "0x10", "many", "１"] {
            let text = format!("hubbub_connections {value}");
            assert_eq!(refusal(&text), Unusable::Absurd(value.to_owned()));
        }
        assert_eq!(Figures::parse("hubbub_connections -0").unwrap().connections, 0);
    }

    #[test]
    fn a_gauge_that_is_missing_or_doubled_is_refused() {
        assert_eq!(refusal(""), Unusable::Missing);
        assert_eq!(refusal("<html>502 Bad Gateway</html>"), Unusable::Missing);
        assert_eq!(refusal("hubbub_connections"), Unusable::Missing);
        assert_eq!(refusal("hubbub_connections_total 5"), Unusable::Missing);
        assert_eq!(refusal("hubbub_connections{room=\"a\"} 5"), Unusable::Missing);
        assert_eq!(refusal("hubbub_connections 5\nhubbub_connections 6"), Unusable::Twice);
    }

    #[test]
    fn a_strange_state_is_no_state() {
        let figures =
            Figures::parse("hubbub_connections 1\nhubbub_drain_state 9\nhubbub_engine_up NaN").unwrap();
        assert_eq!(figures.drain, None);
        let text = format!("hubbub_connections {}", "9".repeat(100_000));
        assert_eq!(refusal(&text), Unusable::Absurd("9".repeat(32)));
    }
}
