//! What a server says of itself, read from its metrics. No client: the text may be anything.

use std::ops::RangeInclusive;

use hubbub_protocol::metrics::{
    ACCEPT_RATE, CONNECTIONS, DRAIN_STATE, DrainState, ENGINE_UP, EVENT_LOOP_LAG, SEND_QUEUE_BYTES,
};
use hubbub_scaling::Readings;
use thiserror::Error;

/// Those refused because the server was full, as the server writes it: no other reason asks for more servers.
const REFUSED_FULL: &str = "hubbub_refused_total{reason=\"full\"}";

/// Those refused because more came at once than the server lets in.
const REFUSED_RATE: &str = "hubbub_refused_total{reason=\"rate\"}";

/// More connections than a server can have: each takes a file, and far fewer than this can be open.
const MOST_CONNECTIONS: f64 = 1e6;
/// More than waits in any server's memory: 1 TiB.
const MOST_BYTES: f64 = 1024.0 * 1024.0 * 1024.0 * 1024.0;
/// Whoever is a day late does not answer.
const MOST_LAG_SECONDS: f64 = 86_400.0;
/// More than a server has addresses to take them from.
const MOST_PER_SECOND: f64 = 1e6;
/// A count that no server gets to, and exact up to here.
const MOST_REFUSED: f64 = 1e15;

/// What the operator uses of a server's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Sessions that are open.
    pub connections: u32,
    /// How busy it is otherwise; `None` when it does not say all of it, as a server of an older version.
    pub readings: Option<Readings>,
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
    /// A number is there more than once, and who knows which one is true.
    #[error("{0} is there twice")]
    Twice(&'static str),
    /// A number can't be true. Whoever says so is not believed in anything else.
    #[error("{name} is {value}")]
    Absurd {
        /// Of what.
        name: &'static str,
        /// The number, or the beginning of it.
        value: String,
    },
}

impl Figures {
    /// Reads Prometheus' text format. Only a few numbers are of interest; all else is passed over.
    ///
    /// # Errors
    /// When the number of connections is missing, or when a number can't be true.
    ///
    /// ```
    /// use hubbub_operator::servers::Figures;
    /// let text = "# TYPE hubbub_connections gauge\nhubbub_connections 412\nhubbub_engine_up 1\n";
    /// let figures = Figures::parse(text).unwrap();
    /// assert_eq!((figures.connections, figures.engine_up, figures.drain), (412, Some(true), None));
    /// assert!(Figures::parse("hubbub_connections NaN").is_err());
    /// ```
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let connections = whole(text, CONNECTIONS, MOST_CONNECTIONS)?.ok_or(Unusable::Missing)?;
        Ok(Self {
            connections: connections as u32,
            readings: readings(text)?,
            engine_up: state(text, ENGINE_UP).map(|value| value != 0.0),
            drain: state(text, DRAIN_STATE).and_then(drain_state),
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the ranges were checked")]
fn readings(text: &str) -> Result<Option<Readings>, Unusable> {
    let queue = whole(text, SEND_QUEUE_BYTES, MOST_BYTES)?;
    let lag = number(text, EVENT_LOOP_LAG, 0.0..=MOST_LAG_SECONDS)?;
    let accepts = number(text, ACCEPT_RATE, 0.0..=MOST_PER_SECOND)?;
    let refused = whole(text, REFUSED_FULL, MOST_REFUSED)?;
    let put_off = whole(text, REFUSED_RATE, MOST_REFUSED)?;
    let (Some(queue), Some(lag), Some(accepts), Some(refused)) = (queue, lag, accepts, refused) else {
        return Ok(None);
    };
    Ok(Some(Readings {
        send_queue_bytes: queue as u64,
        event_loop_lag_micros: (lag * 1e6).round() as u64,
        accepts_per_second: accepts.round() as u64,
        refused: refused as u64,
        // Servers of an older version have no such rate.
        put_off: put_off.unwrap_or(0.0) as u64,
    }))
}

#[expect(clippy::float_cmp, reason = "small whole numbers are exact")]
fn drain_state(value: f64) -> Option<DrainState> {
    [DrainState::Serving, DrainState::Draining, DrainState::Drained]
        .into_iter()
        .find(|state| f64::from(*state as u8) == value)
}

/// A whole number of at most `most`, when it is there.
fn whole(text: &str, name: &'static str, most: f64) -> Result<Option<f64>, Unusable> {
    match number(text, name, 0.0..=most)? {
        Some(number) if number.fract() != 0.0 => Err(Unusable::Absurd { name, value: number.to_string() }),
        number => Ok(number),
    }
}

/// A number of this range, when it is there. NaN is in no range.
fn number(text: &str, name: &'static str, range: RangeInclusive<f64>) -> Result<Option<f64>, Unusable> {
    let mut values = values(text, name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unusable::Twice(name));
    }
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| Unusable::Absurd { name, value: value.chars().take(32).collect() })
}

/// A number that stands for a state, when there is exactly one. A strange one is no state.
fn state(text: &str, name: &'static str) -> Option<f64> {
    let mut values = values(text, name);
    let value = values.next()?.parse().ok()?;
    values.next().is_none().then_some(value)
}

/// The values of all samples of this series.
fn values<'a>(text: &'a str, series: &'static str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let rest = line.trim_start().strip_prefix(series)?;
        // `hubbub_connections_total 1` begins like it too.
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
        rest.split_ascii_whitespace().next()
    })
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::metrics::{REFUSED, Refusal};

    use super::*;

    fn absurd(name: &'static str, value: &str) -> Unusable {
        Unusable::Absurd { name, value: value.to_owned() }
    }

    fn refusal(text: &str) -> Unusable {
        Figures::parse(text).unwrap_err()
    }

    #[test]
    fn all_three_gauges_are_read_among_others() {
        let text = "# HELP hubbub_connections Sessions.\n# TYPE hubbub_connections gauge\nhubbub_connections 7\n\
            hubbub_closed_total{code=\"4000\"} 3\nhubbub_drain_state 1\nhubbub_engine_up 0\n";
        let expected = Figures {
            connections: 7,
            readings: None,
            engine_up: Some(false),
            drain: Some(DrainState::Draining),
        };
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
            assert_eq!(refusal(&text), absurd(CONNECTIONS, value));
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
        assert_eq!(refusal("hubbub_connections 5\nhubbub_connections 6"), Unusable::Twice(CONNECTIONS));
    }

    #[test]
    fn a_strange_state_is_no_state() {
        let figures =
            Figures::parse("hubbub_connections 1\nhubbub_drain_state 9\nhubbub_engine_up NaN").unwrap();
        assert_eq!(figures.drain, None);
        let text = format!("hubbub_connections {}", "9".repeat(100_000));
        assert_eq!(refusal(&text), absurd(CONNECTIONS, &"9".repeat(32)));
    }

    /// As a server writes them.
    const BUSY: &str = "hubbub_accept_rate 41.7\nhubbub_accepted_total 900\nhubbub_connections 12\n\
        hubbub_event_loop_lag_seconds 0.0012346\nhubbub_refused_total{reason=\"draining\"} 2\n\
        hubbub_refused_total{reason=\"full\"} 31\nhubbub_refused_total{reason=\"rate\"} 1559\n\
        hubbub_send_queue_bytes 65536\n";

    #[test]
    fn how_busy_a_server_is_is_read_when_it_says_all_of_it() {
        let readings = Readings {
            send_queue_bytes: 65_536,
            event_loop_lag_micros: 1_235,
            accepts_per_second: 42,
            refused: 31,
            put_off: 1_559,
        };
        assert_eq!(Figures::parse(BUSY).unwrap().readings, Some(readings));
        for name in [SEND_QUEUE_BYTES, EVENT_LOOP_LAG, ACCEPT_RATE, REFUSED_FULL] {
            let older = BUSY.replace(name, "other");
            let figures = Figures::parse(&older).unwrap();
            assert_eq!((figures.connections, figures.readings), (12, None), "without {name}");
        }
        let figures = Figures::parse(&BUSY.replace(REFUSED_RATE, "other")).unwrap();
        assert_eq!(figures.readings, Some(Readings { put_off: 0, ..readings }));
        for (series, reason) in [(REFUSED_FULL, Refusal::Full), (REFUSED_RATE, Refusal::Rate)] {
            assert_eq!(series, format!("{REFUSED}{{reason=\"{}\"}}", reason.as_str()));
        }
    }

    #[test]
    fn a_server_that_lies_about_anything_is_believed_in_nothing() {
        for name in [CONNECTIONS, SEND_QUEUE_BYTES, EVENT_LOOP_LAG, ACCEPT_RATE, REFUSED_FULL, REFUSED_RATE] {
            let honest = BUSY.lines().find(|line| line.starts_with(name)).unwrap();
            for value in ["NaN", "-1", "+Inf", "1e300", "lots"] {
                let text = BUSY.replace(honest, &format!("{name} {value}"));
                assert_eq!(refusal(&text), absurd(name, value));
            }
            assert_eq!(refusal(&format!("{BUSY}{name} 1\n")), Unusable::Twice(name));
        }
    }
}
